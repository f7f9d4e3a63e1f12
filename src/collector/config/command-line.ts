/**
 * The configuration that the command line makes: every log to each `--to`.
 *
 * Guarantees: refuses a password in a URL, which `ps` would show. Secrets come from the environment: LOGAGG_USER,
 * LOGAGG_PASSWORD, LOGAGG_TOKEN, LOGAGG_API_KEY; with several destinations it could not be told for which they are, and a
 * configuration file is needed.
 */
import { LogaggError } from '../../config/errors.js';
import type { FormatName } from '../formats/format.js';
import { type CollectorConfig, type Credentials, defaultFormat, holdsPassword } from './collector-config.js';

/** @throws LogaggError LOGAGG_OPTION_VALUE */
export function commandLineConfig(
  urls: readonly string[],
  format: FormatName | undefined,
  environment: NodeJS.ProcessEnv,
): CollectorConfig {
  const credentials = environmentCredentials(environment);
  if (urls.some(holdsPassword)) {
    throw new LogaggError(
      'LOGAGG_OPTION_VALUE',
      '--to: a password in a URL is seen by everybody (ps); set LOGAGG_USER and LOGAGG_PASSWORD, or use --config',
    );
  }
  if (credentials !== undefined && urls.length > 1) {
    throw new LogaggError(
      'LOGAGG_OPTION_VALUE',
      'LOGAGG_PASSWORD and the like work with one --to only; use --config for several destinations',
    );
  }
  const names = [...new Set(urls)];
  return {
    destinations: names.map((url) => ({ name: url, url, format: format ?? defaultFormat(url), credentials })),
    routes: [
      { paths: undefined, to: names, parser: undefined, fields: {}, tags: [], multiline: undefined, rate: undefined },
    ],
  };
}

function environmentCredentials(environment: NodeJS.ProcessEnv): Credentials | undefined {
  const { LOGAGG_USER, LOGAGG_PASSWORD, LOGAGG_TOKEN, LOGAGG_API_KEY } = environment;
  const values = { user: LOGAGG_USER, password: LOGAGG_PASSWORD, token: LOGAGG_TOKEN, apiKey: LOGAGG_API_KEY };
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return given.length === 0 ? undefined : Object.fromEntries(given);
}
