/** The type that `df` and mount(8) show for our mounts: the part behind the dot is FUSE's subtype. */
export const FILE_SYSTEM_TYPE = 'fuse.logagg-fs';
