// What people see of the provider: one form to log in and allow what was asked for.

import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const BODY_LIMIT = 10_000;

const escaped = text => String(text).replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`);

/** Answer with a page; `form` is HTML, `button` the id of the form that a button shall send. */
export function page(ctx, title, text, form = '', button = '', name = '') {
  const named = name ? ` name="${name}" value="yes"` : '';
  const send = button ? `<button autofocus form="${button}"${named}>Continue</button>` : '';
  ctx.type = 'html';
  ctx.set('Cache-Control', 'no-store');
  ctx.body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}: demonstration lake</title>
<meta name="viewport" content="width=device-width">
<style>
  body { font: 16px system-ui, sans-serif; max-width: 24rem; margin: 3rem auto; padding: 0 1rem }
  input, button { font: inherit; display: block; width: 100%; box-sizing: border-box;
    margin: 0.5rem 0; padding: 0.5rem }
  input[type=hidden] { display: none }
</style></head><body><h1>${escaped(title)}</h1><p>${escaped(text)}</p>${form}${send}
<p><small>The identity provider of a lake on your own machine.</small></p></body></html>`;
}

/** Give the provider its page to log in. */
export function addPages(provider, directory, settings) {
  provider.use(async (ctx, next) => {
    askForConsent(ctx);
    if (!ctx.path.startsWith('/interaction/')) {
      return next();
    }
    let details;
    try {
      details = await provider.interactionDetails(ctx.req, ctx.res);
    } catch {
      ctx.status = 400;
      return page(ctx, 'This login is over', 'Begin anew where you came from.');
    }
    return answer(ctx, provider, directory, settings, details);
  });
}

/** Ask who it is, or take what was answered. */
async function answer(ctx, provider, directory, settings, details) {
  if (ctx.method !== 'POST') {
    return ask(ctx, provider, hintOf(directory, settings), details);
  }
  const said = new URLSearchParams(await body(ctx.req));
  if (said.get('act') === 'refuse') {
    return finish(ctx, provider, { error: 'access_denied', error_description: 'You refused.' });
  }
  const name = details.session?.accountId ?? checked(directory, settings, said);
  if (!name) {
    ctx.status = 401;
    const problem = 'Name or password is wrong. ';
    return ask(ctx, provider, hintOf(directory, settings), details, problem);
  }
  return finish(ctx, provider, {
    login: { accountId: name },
    consent: { grantId: await grant(provider, details, name) }
  });
}

function hintOf(directory, settings) {
  const names = Object.keys(settings.people).join(', ');
  return ` Names here: ${names}; their passwords: ${join(directory, 'clients')}/NAME/password.`;
}

/** The standard gives refresh tokens only to those who ask for consent; Rucio never does. */
function askForConsent(ctx) {
  const { scope = '', prompt } = ctx.query;
  if (ctx.path === '/auth' && !prompt && `${scope}`.split(' ').includes('offline_access')) {
    ctx.query = { ...ctx.query, prompt: 'consent' };
  }
}

async function ask(ctx, provider, hint, details, problem = '') {
  const client = await provider.Client.find(details.params.client_id);
  const who = details.session?.accountId;
  const form = `<form method="post" action="${escaped(ctx.path)}">
${
  who
    ? ''
    : `<label>Name <input name="login" autofocus autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>`
}
<button name="act" value="allow">${who ? 'Allow' : 'Log in and allow'}</button>
<button name="act" value="refuse">Refuse</button></form>
${who ? '<a href="/session/end">Log out here</a>' : ''}`;
  const scopes = (details.params.scope ?? '').split(' ').join(', ');
  const wish = `${client?.clientName} wants to know who you are, and asks for: ${scopes}.`;
  page(ctx, who ? `You are ${who}` : 'Log in', problem + wish + (who ? '' : hint), form);
}

function checked(directory, settings, said) {
  const name = said.get('login') ?? '';
  if (!Object.hasOwn(settings.people, name)) {
    return null;
  }
  const right = readFileSync(join(directory, 'clients', name, 'password'));
  const [wanted, given] = [String(right).trim(), said.get('password') ?? ''].map(text =>
    Buffer.from(text)
  );
  return wanted.length === given.length && timingSafeEqual(wanted, given) ? name : null;
}

async function grant(provider, details, name) {
  const { client_id: clientId, scope = '', resource } = details.params;
  const given = new provider.Grant({ accountId: name, clientId });
  given.addOIDCScope(scope);
  for (const indicator of [resource ?? []].flat()) {
    given.addResourceScope(indicator, scope);
  }
  return given.save();
}

async function finish(ctx, provider, result) {
  const url = await provider.interactionResult(ctx.req, ctx.res, result);
  ctx.status = 303;
  ctx.redirect(url);
}

async function body(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_LIMIT) {
      throw new Error('This is no form of ours');
    }
  }
  return text;
}
