/**
 * The shape of etc/collector.yaml.
 *
 * Guarantees: an unknown key is a problem, so that a typing error can't go unnoticed. Checks each value by itself; what
 * concerns several (a route to a destination that there is not) is checked in `config-file.ts`.
 */
import { z } from 'zod';
import { formatNames } from '../formats/format.js';
import { parserNames } from '../parsers/parser.js';

/** A secret is not written into the configuration, only where it is. */
const secret = z
  .union([z.strictObject({ file: z.string().min(1) }), z.strictObject({ env: z.string().min(1) })], {
    error: 'must be {file: PATH} or {env: NAME}: secrets are not written here',
  })
  .optional();

export type SecretPlace = NonNullable<z.infer<typeof secret>>;

const destination = z.strictObject({
  url: z.string().min(1),
  format: z.enum(formatNames).optional(),
  user: z
    .union([z.string().min(1), z.strictObject({ file: z.string() }), z.strictObject({ env: z.string() })])
    .optional(),
  password: secret,
  token: secret,
  apiKey: secret,
});

const pattern = z
  .string()
  .min(1)
  .regex(/^[^\r\n]*$/, 'must be one line');

const multiline = z.union([z.literal('indent'), z.strictObject({ start: z.string().min(1) })], {
  error: 'must be indent or {start: REGULAR EXPRESSION}',
});

const route = z.strictObject({
  paths: z.array(pattern).min(1).optional(),
  to: z.array(z.string()),
  parser: z.enum(parserNames).optional(),
  fields: z.record(z.string(), z.unknown()).optional(),
  tags: z.array(z.string()).optional(),
  multiline: multiline.optional(),
  rate: z.number().positive().optional(),
});

export const configSchema = z.strictObject({
  destinations: z.record(z.string().regex(/^[\w.-]+$/, 'may have letters, digits, "_", "." and "-"'), destination),
  routes: z.array(route).min(1),
});

export type ConfigDocument = z.infer<typeof configSchema>;
