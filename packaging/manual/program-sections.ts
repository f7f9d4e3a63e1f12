/**
 * The parts of the manual that the program itself knows: commands, options, mount options, names of formats.
 *
 * Guarantees: written from the commander program and the tables that it reads its options with, so that they can't differ from
 * what it does. What an option means beyond one line is in the pages.
 */
import type { Command, Option } from 'commander';
import { formatNames } from '../../src/collector/formats/format.js';
import { parserNames } from '../../src/collector/parsers/parser.js';
import { mountOptionHelp } from '../../src/config/option-help.js';
import { createProgram } from '../../src/program.js';
import { argument, type ListItem, tagList, textLines } from './mdoc.js';

/** The name of a section in a page, and how it is written. */
export const programSections: Readonly<Record<string, () => string>> = {
  commands: () => subcommands().map(commandSection).join('\n'),
  'mount flags': () => optionList(createProgram('logagg-fs')),
  'helper flags': () => optionList(createProgram('mount.logagg-fs')),
  'mount options': mountOptions,
  'collect options': () => optionList(command('collect')),
  formats: () => names(formatNames),
  parsers: () => names(parserNames),
};

/** All commands but the one that mounts. */
export function subcommands(): readonly Command[] {
  return createProgram('logagg-fs').commands.filter((each) => each.name() !== 'help');
}

/** The options of a command that its help shows. */
export function visibleOptions(program: Command): readonly Option[] {
  return program.createHelp().visibleOptions(program);
}

function command(name: string): Command {
  const found = subcommands().find((each) => each.name() === name);
  if (found === undefined) throw new Error(`there is no command ${name}`);
  return found;
}

function commandSection(program: Command): string {
  const usage = program.usage().replace(/^\[options\]\s*/, '');
  return [
    `.Ss logagg-fs ${argument(program.name())}`,
    `.Nm logagg-fs Cm ${argument(program.name())}`,
    textLines(usage),
    '.Pp',
    textLines(sentence(program.description())),
    // What a page of its own tells is not told twice.
    program.name() === 'collect' ? '.Pp\nSee\n.Xr logagg-fs-collect 1 .' : optionList(program),
  ].join('\n');
}

function optionList(program: Command): string {
  return tagList(visibleOptions(program).map(optionItem));
}

function optionItem(option: Option): ListItem {
  const value = /[<[]([^>\]]*)[>\]]/.exec(option.flags)?.[1];
  const flags = [option.short, option.long].flatMap((flag) => (flag ? [`Fl ${argument(flag.slice(1))}`] : []));
  const head = `${flags.join(' , ')}${value === undefined ? '' : ` Ar ${argument(value)}`}`;
  const choices = option.argChoices === undefined ? '' : `: ${option.argChoices.join(', ')}`;
  const preset = option.defaultValue === undefined ? '' : ` (default: ${String(option.defaultValue)})`;
  return { head, body: textLines(sentence(`${option.description}${choices}${preset}`)) };
}

function mountOptions(): string {
  return tagList(
    mountOptionHelp.map(({ name, value, meaning, byDefault }) => ({
      head: value === undefined ? `Cm ${argument(name)}` : `Cm ${argument(`${name}=`)} Ns Ar ${argument(value)}`,
      body: textLines(sentence(byDefault === undefined ? meaning : `${meaning} (default: ${byDefault})`)),
    })),
  );
}

function names(all: readonly string[]): string {
  return `${all.map((name) => `.Cm ${argument(name)}`).join(' ,\n')} .`;
}

function sentence(text: string): string {
  const trimmed = text.trim().replace(/\.$/, '');
  // The name of a value stays as it is.
  return /^[a-z]+:/.test(trimmed) ? `${trimmed}.` : `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}.`;
}
