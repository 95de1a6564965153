// The lake's identity provider: `node main.mjs DIRECTORY MODULES`. MODULES is the folder of npm packages.

import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { configuration } from './configuration.mjs';
import { GRANT, PARAMETERS, exchange } from './exchange.mjs';
import { addPages } from './pages.mjs';
import { Store } from './store.mjs';
import { addUserinfo } from './userinfo.mjs';

const [directory, modules] = process.argv.slice(2);
// What Debian 12's Node.js 18 lacks, and oidc-provider takes for granted.
globalThis.crypto ??= webcrypto;
URL.parse ??= (text, base) => (URL.canParse(text, base) ? new URL(text, base) : null);

const entry = join(modules, 'oidc-provider', 'lib', 'index.js');
const { default: Provider, errors } = await import(pathToFileURL(entry));

const settings = JSON.parse(readFileSync(join(directory, 'etc', 'provider.json')));
const pki = name => readFileSync(join(directory, 'pki', name));
const key = createPrivateKey(pki('token.key'));
const store = new Store(join(directory, 'db', 'provider.json'));
const provider = new Provider(settings.issuer, configuration(directory, settings, store, key));
addUserinfo(provider, settings, createPublicKey(key));
addPages(provider, directory, settings);
provider.registerGrantType(GRANT, exchange(provider, errors, createPublicKey(key)), PARAMETERS);
provider.on('server_error', (ctx, error) => console.error(ctx.path, error));

const server = createServer(
  { cert: pki('server.pem'), key: pki('server.key') },
  provider.callback()
);

function end() {
  store.save();
  process.exit(0);
}

server.listen(settings.port, '127.0.0.1', () => {
  // Written whole and then renamed: the supervisor may look at any time.
  const ready = join(directory, 'run', 'provider.ready');
  writeFileSync(`${ready}.new`, String(process.pid), { mode: 0o600 });
  renameSync(`${ready}.new`, ready);
});
process.on('SIGTERM', end);
// The supervisor holds the other end: its end of file means that the supervisor is gone.
process.stdin.on('end', end).resume();
