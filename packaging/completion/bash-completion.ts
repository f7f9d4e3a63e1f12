/**
 * The completion for bash.
 *
 * Guarantees: knows the commands, flags and mount options that the program knows, because it is written from it. It runs
 * nothing: it must not ask a program that is slow to start at each press of a key.
 */
import type { Command, Option } from 'commander';
import { mountOptionHelp } from '../../src/config/option-help.js';
import { createProgram } from '../../src/program.js';
import { subcommands, visibleOptions } from '../manual/program-sections.js';

/** Options of mount(8) that one would write for this file system. */
const mountFlags = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'sync', 'nofail', 'noauto'];

/** The text of the completion file for `logagg-fs` and `mount.logagg-fs`. */
export function bashCompletion(): string {
  const main = createProgram('logagg-fs');
  const helper = createProgram('mount.logagg-fs');
  const commands = subcommands();
  return `# bash completion for logagg-fs: written from the program, do not edit
# shellcheck shell=bash

_logagg_fs_flags() {
  case $1 in
${commands.map((each) => `    ${each.name()}) echo '${flags(each)}' ;;`).join('\n')}
    mount.logagg-fs) echo '${flags(helper)}' ;;
    *) echo '${flags(main)}' ;;
  esac
}

# Sets COMPREPLY to the values of an option, "file" or "directory" for paths; fails for an option without a value.
_logagg_fs_values() {
  case "$1 $2" in
${[...commands, main].flatMap((each) => valueCases(each, each === main)).join('\n')}
    *) return 1 ;;
  esac
}

_logagg_fs_mount_options() {
  local before='' option=$cur
  case $cur in
    *,*) before=\${cur%,*}',' option=\${cur##*,} ;;
  esac
  case $option in
${mountValueCases().join('\n')}
    root=* | logfile=*) _logagg_fs_paths "$before\${option%%=*}=" "\${option#*=}" ;;
    *=*) COMPREPLY=() ;;
    *)
      mapfile -t COMPREPLY < <(compgen -P "$before" -W '${mountOptionNames().join(' ')}' -- "$option")
      compopt -o nospace
      ;;
  esac
}

_logagg_fs_paths() {
  mapfile -t COMPREPLY < <(compgen -P "$1" -f -- "$2")
  compopt -o nospace
}

_logagg_fs() {
  local cur prev words cword
  _init_completion -n =: || return
  local command='' word
  if [[ \${words[0]##*/} == mount.* ]]; then
    command=mount.logagg-fs
  else
    for word in "\${words[@]:1:cword-1}"; do
      case $word in
        ${commands.map((each) => each.name()).join(' | ')}) command=$word ;;
      esac
      break
    done
  fi
  if [[ ( -z $command || $command == mount.* ) && $prev == @(-o|--options) ]]; then
    _logagg_fs_mount_options
    # Readline replaces only what stands behind the last of its word breaks.
    local kept=\${cur%"\${cur##*[=:]}"}
    COMPREPLY=("\${COMPREPLY[@]#"$kept"}")
    return
  fi
  _logagg_fs_values "$command" "$prev" && return
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_logagg_fs_flags "$command")" -- "$cur")
    return
  fi
  _filedir -d
  if [[ -z $command && $cword -eq 1 ]]; then
    mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -W '${commands.map((each) => each.name()).join(' ')}' -- "$cur")
  fi
} &&
  complete -F _logagg_fs logagg-fs mount.logagg-fs
`;
}

function flags(program: Command): string {
  return visibleOptions(program)
    .flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined))
    .join(' ');
}

/** One `case` for each option that takes a value. */
function valueCases(program: Command, isMain: boolean): string[] {
  const name = isMain ? '' : program.name();
  const taking = visibleOptions(program).filter((option) => option.required || option.optional);
  return taking
    .filter((option) => option.long !== '--options')
    .map((option) => {
      const spellings = [option.short, option.long].filter((flag) => flag !== undefined);
      return `    ${spellings.map((flag) => `'${name} ${flag}'`).join(' | ')}) ${completionOf(option)} ;;`;
    });
}

function completionOf(option: Option): string {
  if (option.argChoices !== undefined)
    return `mapfile -t COMPREPLY < <(compgen -W '${option.argChoices.join(' ')}' -- "$cur")`;
  if (/[<[](FILE|PATH)/.test(option.flags)) return '_filedir';
  if (/[<[]DIR/.test(option.flags)) return '_filedir -d';
  return 'COMPREPLY=()';
}

function mountValueCases(): string[] {
  return mountOptionHelp
    .filter(({ value }) => value?.includes('|'))
    .map(({ name, value }) => {
      const values = value?.replaceAll('|', ' ');
      const reply = `mapfile -t COMPREPLY < <(compgen -P "\${before}${name}=" -W '${values}' -- "\${option#*=}")`;
      return `    ${name}=*) ${reply} ;;`;
    });
}

function mountOptionNames(): string[] {
  return [...mountOptionHelp.map(({ name, value }) => (value === undefined ? name : `${name}=`)), ...mountFlags];
}
