/**
 * The copyright file: our licence, and that of every npm package that comes along.
 *
 * Guarantees: the machine-readable format of DEP-5
 * (https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/). The text is the package's own; where a package
 * brings none, it is that of the licence which its package.json names.
 */
import { type BundledPackage, licenceText } from './bundled-packages.js';

/** Debian's names for licences that npm names otherwise. */
const shortNames: Readonly<Record<string, string>> = {
  MIT: 'Expat',
  'BSD-2-Clause': 'BSD-2-clause',
  'BSD-3-Clause': 'BSD-3-clause',
};

/** Licences whose text every Debian system has. */
const commonLicences: Readonly<Record<string, string>> = {
  'Apache-2.0': 'On Debian systems the full text of this licence is in\n/usr/share/common-licenses/Apache-2.0.',
};

/**
 * @param ownLicence - text of LICENSE, which is the Expat licence
 * @throws Error for a package that brings no text, and is not under the licence whose text we have
 */
export function copyrightFile(ownLicence: string, packages: readonly BundledPackage[]): string {
  const header =
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: logagg-fs\n';
  const own = stanza('*', holders(ownLicence, 'logagg-fs contributors'), 'Expat', ownLicence);
  const others = packages.map((each) => {
    const { name, license, author } = each.manifest;
    const place = `usr/lib/logagg-fs/${each.place}/*`;
    const commonText = commonLicences[license];
    if (commonText !== undefined) return stanza(place, author, license, commonText);
    const text = licenceText(each) ?? (license === 'MIT' ? withHolder(ownLicence, author) : undefined);
    if (text === undefined) throw new Error(`${name} brings no text of its licence, ${license}`);
    return stanza(place, holders(text, author), shortNames[license] ?? license, text);
  });
  return [header, own, ...others].join('\n');
}

function stanza(files: string, copyright: string, licence: string, text: string): string {
  return `Files: ${files}\nCopyright: ${copyright}\nLicense: ${licence.replaceAll(' ', '-')}\n${indented(text)}`;
}

/** The lines of a licence that say whose the work is. */
function holders(text: string, author: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const found = lines.filter((line) => /^(copyright\s|\(c\)|©)/i.test(line) && /\d{4}|\(c\)/i.test(line));
  const names = found.map((line) => line.replace(/^copyright\s*/i, '').replace(/^(\(c\)|©)\s*/i, ''));
  return (names.length === 0 ? [author] : names).join('\n ');
}

function withHolder(licence: string, author: string): string {
  return licence.replace(/^Copyright.*$/m, `Copyright (c) ${author}`);
}

function indented(text: string): string {
  const lines = text.trim().replaceAll('\r', '').split('\n');
  return `${lines.map((line) => (line.trim() === '' ? ' .' : ` ${line}`)).join('\n')}\n`;
}
