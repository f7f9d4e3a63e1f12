/**
 * Loads pino-roll without the 300 modules of date-fns, which would be a third of the server's start.
 *
 * Guarantees: pino-roll finds date-fns where it looks for it, with every function; the first call of one loads it. Rolling by
 * size, which is all we ask for, calls none.
 */
import { createRequire, Module } from 'node:module';
import type roll from 'pino-roll';

type Functions = Record<string | symbol, (...values: unknown[]) => unknown>;

export async function loadPinoRoll(): Promise<typeof roll> {
  const require = createRequire(createRequire(import.meta.url).resolve('pino-roll'));
  const path = require.resolve('date-fns');
  if (require.cache[path] === undefined) require.cache[path] = onDemand(path, require);
  return (await import('pino-roll')).default;
}

/** A module that stands for the one at `path`, until one of its functions is called. */
function onDemand(path: string, require: NodeJS.Require): NodeJS.Module {
  const module = new Module(path);
  const load = (): Functions => {
    if (require.cache[path] === module) delete require.cache[path];
    return require(path) as Functions;
  };
  module.loaded = true;
  module.exports = new Proxy<Functions>(
    {},
    {
      get:
        (_, name) =>
        (...values: unknown[]) =>
          load()[name]?.(...values),
    },
  );
  return module;
}
