import { nullTranslator } from '@jupyterlab/translation';

import { commonName } from '../account/certificate';
import { wayText, waysOf } from '../account/methods';
import { AccountModel } from '../account/model';
import { tabMark } from '../account/notice';
import { LakeModel } from '../lake/model';
import { endOf, isLoggedIn, wasLoggedIn } from '../login';
import type { InstanceInfo, Login } from '../schema';
import { Server, instance, instances, refusal } from './server';

const trans = nullTranslator.load('jupyter_dlaas');
const SOON = '2030-01-01T00:00:00Z';

function login(more: Partial<Login> = {}): Login {
  return { ...instance().login, ...more };
}

function out(more: Partial<InstanceInfo> = {}): InstanceInfo {
  return instance({
    login: login({ state: 'logged_out', account: null, method: null }),
    methods: ['oidc', 'device', 'x509', 'x509_proxy', 'userpass'],
    ...more
  });
}

function pending(more: Partial<Login> = {}): Login {
  return login({
    state: 'pending',
    account: null,
    method: 'oidc',
    pending: {
      kind: 'popup',
      url: 'dlaas/lake/login/go/t1',
      code: null,
      expires_at: SOON
    },
    ...more
  });
}

/**
 * A browser's window as far as a login has to do with it.
 */
class Page {
  closed = false;
  went: string[] = [];
  readonly document = { title: '', body: { textContent: '' } };
  readonly location = { replace: (url: string) => void this.went.push(url) };
  close(): void {
    this.closed = true;
  }
}

function opened(first: Page | null) {
  const calls: string[][] = [];
  const opener = (...args: string[]) => {
    const page = calls.push(args) === 1 ? first : new Page();
    return page as unknown as Window | null;
  };
  return { calls, opener };
}

async function accountOf(
  routes: Server['routes'],
  page: Page | null = new Page()
) {
  const server = new Server({
    'GET instances': () => instances(out()),
    ...routes
  });
  const lake = new LakeModel({ settings: server.settings });
  const { calls, opener } = opened(page);
  const account = new AccountModel(lake, opener);
  await lake.refresh();
  return { account, calls, lake, page: page!, server };
}

const models: { dispose(): void }[] = [];

async function open(routes: Server['routes'], page?: Page | null) {
  const made = await accountOf(routes, page);
  models.push(made.account, made.lake);
  return made;
}

afterEach(() => {
  models.splice(0).forEach(model => model.dispose());
  jest.useRealTimers();
});

async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400 && !done(); turn += 1) {
    await new Promise(resolve => setTimeout(resolve, 25));
  }
  expect(done()).toBe(true);
}

describe('a login', () => {
  it('counts as long as one can work with it', () => {
    const states: [Login['state'], boolean, boolean][] = [
      ['logged_out', false, false],
      ['logged_in', true, true],
      ['expiring', true, true],
      ['expired', false, true],
      ['refused', false, false]
    ];
    for (const [state, isIn, wasIn] of states) {
      expect(isLoggedIn(login({ state }))).toBe(isIn);
      expect(wasLoggedIn(login({ state }))).toBe(wasIn);
    }
    expect(wasLoggedIn(pending())).toBe(false);
    expect(wasLoggedIn(pending({ account: 'alice' }))).toBe(true);
  });

  it('ends with what nobody renews', () => {
    const token = '2027-01-01T00:00:00Z';
    const proxy = '2027-01-01T12:00:00+02:00';
    expect(endOf(login({ expires_at: token, renewable: true }))).toBeNull();
    expect(endOf(login({ expires_at: token, renewable: false }))).toBe(token);
    expect(
      endOf(
        login({
          expires_at: '2027-01-01T11:00:00Z',
          credential_expires_at: proxy,
          renewable: false
        })
      )
    ).toBe(proxy);
  });

  it('that is over or ends soon is marked at the panel’s tab', () => {
    expect(tabMark([instance()], trans).className).toBe('');
    const marked = tabMark(
      [
        instance({ login: login({ state: 'expiring' }) }),
        instance({ display_name: 'Sea', login: login({ state: 'expired' }) })
      ],
      trans
    );
    expect(marked.className).toContain('jp-mod-expired');
    expect(marked.caption).toContain('your login to Sea has ended');
  });
});

describe('the ways in', () => {
  it('are those of the instance, certificates and proxies as one', async () => {
    const ways = waysOf(out());
    expect(ways).toEqual(['oidc', 'device', 'certificate', 'userpass']);
    expect(ways.map(way => wayText(way, trans))).toEqual([
      'Single sign-on',
      'Code',
      'Certificate',
      'Password'
    ]);
    const { account } = await open({});
    expect(account.way).toBe('oidc');
    account.way = 'userpass';
    expect(account.way).toBe('userpass');
  });

  it('begin with that of the login which is over', async () => {
    const over = out({ login: login({ state: 'expired', method: 'x509' }) });
    const { account } = await open({ 'GET instances': () => instances(over) });
    expect(account.way).toBe('certificate');
    expect(account.isEntering).toBe(true);
  });

  it('are offered beside a login that stays until the next one is there', async () => {
    const { account, lake, server } = await open({
      'GET instances': () => instances(out({ login: login() })),
      'POST lake/login': () => refusal(401, { error: 'CannotAuthenticate' })
    });
    expect(account.isEntering).toBe(false);
    account.isEntering = true;
    const request = { username: 'bob', password: 'x' };
    expect(await account.login(request)).toBe(false);
    expect(lake.isUsable).toBe(true);
    expect(account.isEntering).toBe(true);
    server.routes['POST lake/login'] = () => login({ account: 'bob' });
    expect(await account.login(request)).toBe(true);
    expect(account.isEntering).toBe(false);
  });
});

describe('a login in a window', () => {
  it('opens in the click, before anything is asked', async () => {
    const { account, calls, page, server } = await open({
      'POST lake/login': () => pending()
    });
    server.requests.length = 0;
    const done = account.loginInWindow({ method: 'oidc' }, 'One moment…');
    // All this without a turn of the event loop.
    expect(server.bodies).toEqual([]);
    expect(calls.map(([url, target]) => [url, target])).toEqual([
      ['', '_blank']
    ]);
    expect(calls[0][2]).not.toContain('noopener');
    expect(page.document.body.textContent).toBe('One moment…');
    expect(await done).toBe(true);
    expect(server.bodies).toEqual([{ method: 'oidc' }]);
    expect(page.went).toEqual([
      'http://jupyter.test/a%40b/dlaas/lake/login/go/t1'
    ]);
    expect(account.windowProblem).toBeNull();
  });

  it('ends when the server says so: the window closes, the account is shown', async () => {
    let now = pending();
    const { account, lake, page } = await open({
      'POST lake/login': () => pending(),
      'GET lake/login': () => now
    });
    await account.loginInWindow({ method: 'oidc' }, '');
    expect(lake.isUsable).toBe(false);
    now = login({ account: 'alice', method: 'oidc', identity: 'alice@idp' });
    await until(() => lake.isUsable);
    expect(page.closed).toBe(true);
    expect(account.isOpen).toBe(true);
    expect(account.isEntering).toBe(false);
  });

  it('asks after it again and again, without keeping an idle server alive', async () => {
    const { account, server } = await open({
      'POST lake/login': () => pending(),
      'GET lake/login': () => pending()
    });
    await account.loginInWindow({ method: 'oidc' }, '');
    await until(() => server.count('GET lake/login') >= 2);
    expect(
      server.requests.filter(each => each.startsWith('GET lake/login'))
    ).not.toContain('GET lake/login');
  }, 15_000);

  it('says that it was blocked, with the link', async () => {
    const { account } = await open(
      { 'POST lake/login': () => pending(), 'GET lake/login': () => pending() },
      null
    );
    await account.loginInWindow({ method: 'oidc' }, '');
    expect(account.windowProblem?.error).toBe('PopupBlocked');
    expect(account.pendingURL).toMatch(/login\/go\/t1$/);
    account.forgetWindow();
    expect(account.windowProblem).toBeNull();
  });

  it('says that it was closed, and opens again with the same wish', async () => {
    const { account, calls, page, server } = await open({
      'POST lake/login': () => pending(),
      'GET lake/login': () => pending()
    });
    await account.loginInWindow({ method: 'oidc', account: 'skao' }, '');
    page.closed = true;
    await until(() => account.windowProblem?.error === 'PopupGone');
    await account.loginInWindow(account.wish, '');
    expect(account.windowProblem).toBeNull();
    expect(calls).toHaveLength(2);
    expect(server.bodies[1]).toEqual({ method: 'oidc', account: 'skao' });
  });

  it('that cannot begin leaves no window open', async () => {
    const { account, page } = await open({
      'POST lake/login': () => refusal(502, { error: 'Unreachable' })
    });
    expect(await account.loginInWindow({ method: 'oidc' }, '')).toBe(false);
    expect(page.closed).toBe(true);
    expect(account.problem?.error).toBe('Unreachable');
  });

  it('can be given up', async () => {
    const { account, page, server } = await open({
      'POST lake/login': () => pending(),
      'DELETE lake/login': () => out().login
    });
    await account.loginInWindow({ method: 'oidc' }, '');
    await account.logout();
    expect(page.closed).toBe(true);
    expect(server.count('DELETE lake/login')).toBe(1);
    expect(account.instance?.login.pending).toBeNull();
  });

  it('tells why it was refused beside the login that stays', async () => {
    const stays = login({ account: 'alice' });
    let now: Login = { ...stays, pending: pending().pending };
    const { account } = await open({
      'GET instances': () => instances(out({ login: stays })),
      'POST lake/login': () => now,
      'GET lake/login': () => now
    });
    account.isEntering = true;
    await account.loginInWindow({ method: 'oidc' }, '');
    expect(isLoggedIn(account.instance!.login)).toBe(true);
    const problem = await refusal(401, { error: 'CannotAuthenticate' }).json();
    now = { ...stays, problem };
    await until(() => account.instance?.login.pending === null);
    expect(account.isEntering).toBe(true);
    expect(account.instance?.login.problem?.error).toBe('CannotAuthenticate');
  });

  it('touches no other instance', async () => {
    const { account, lake } = await open(
      {
        'GET instances': () =>
          instances(out(), out({ name: 'sea', default: false })),
        'POST lake/login': () => pending(),
        'GET lake/login': () => pending()
      },
      null
    );
    await account.loginInWindow({ method: 'oidc' }, '');
    expect(account.windowProblem?.error).toBe('PopupBlocked');
    account.choose('sea');
    expect(account.pendingURL).toBeNull();
    expect(account.windowProblem).toBeNull();
    lake.choose('lake');
    expect(account.windowProblem?.error).toBe('PopupBlocked');
  });
});

describe('a login by code', () => {
  it('links to pages of the web alone', async () => {
    const code = (url: string) =>
      pending({
        pending: { kind: 'device', url, code: 'ABCD-EFGH', expires_at: SOON }
      });
    const { account, server } = await open({
      'POST lake/login': () => code('https://idp.test/device')
    });
    await account.login({ method: 'device' });
    expect(account.pendingURL).toBe('https://idp.test/device');
    server.routes['POST lake/login'] = () => code('javascript:alert(1)');
    await account.login({ method: 'device' });
    expect(account.pendingURL).toBeNull();
  });
});

describe('certificates', () => {
  const file = {
    path: '~/.globus/usercert.pem',
    kind: 'pem' as const,
    subject: 'CN=Alice Example,O=Grid',
    expires_at: SOON,
    encrypted: true,
    key: '~/.globus/userkey.pem',
    problem: null
  };

  it('are chosen from those that were found, the first usable one at first', async () => {
    const problem = await refusal(400, { error: 'CannotAuthenticate' }).json();
    const over = { ...file, path: '~/old.pem', problem };
    const proxy = {
      ...file,
      path: '~/x509up',
      kind: 'proxy',
      encrypted: false,
      key: null
    };
    const { account } = await open({
      'GET lake/certificates': () => [over, file, proxy]
    });
    const { certificates } = account;
    expect(certificates.found).toBeNull();
    await certificates.refresh();
    expect(certificates.request()).toEqual({
      method: 'x509',
      certificate: file.path,
      key: file.key
    });
    expect(certificates.mayBeEncrypted).toBe(true);
    certificates.choose(certificates.found![2]);
    expect(certificates.request().method).toBe('x509_proxy');
    expect(certificates.mayBeEncrypted).toBe(false);
    certificates.choose(certificates.found![0]);
    expect(certificates.isValid).toBe(false);
  });

  it('may be another file, named by its path', async () => {
    const { account } = await open({ 'GET lake/certificates': () => [] });
    const { certificates } = account;
    await certificates.refresh();
    expect(certificates.isValid).toBe(false);
    certificates.path = ' ~/my.p12 ';
    expect(certificates.isValid).toBe(true);
    expect(certificates.request()).toEqual({
      method: 'x509',
      certificate: '~/my.p12',
      key: null
    });
  });

  it('that cannot be listed leave the path to be typed', async () => {
    const { account } = await open({
      'GET lake/certificates': () => refusal(500)
    });
    await account.certificates.refresh();
    expect(account.certificates.problem?.error).toBe('RucioFailed');
    expect(account.certificates.found).toEqual([]);
  });

  it('are called by the name of the person', () => {
    expect(commonName('CN=Alice Example,O=Grid')).toBe('Alice Example');
    expect(commonName('/O=Grid/CN=Alice Example/CN=123456')).toBe(
      'Alice Example'
    );
    expect(commonName('CN=12345,CN=Alice,DC=ch')).toBe('Alice');
    expect(commonName(null)).toBeNull();
  });
});

describe('a login that is there', () => {
  it('is renewed on request', async () => {
    const { account, server } = await open({
      'GET instances': () => instances(),
      'POST lake/login/renew': () => login({ expires_at: SOON })
    });
    expect(await account.renew()).toBe(true);
    expect(account.instance?.login.expires_at).toBe(SOON);
    server.routes['POST lake/login/renew'] = () =>
      refusal(401, { error: 'CannotAuthenticate' });
    expect(await account.renew()).toBe(false);
    expect(account.problem?.error).toBe('CannotAuthenticate');
  });

  it('of another account is an entry of its own', async () => {
    const { account, lake } = await open({
      'GET instances': () => instances(),
      'GET lake/login': () => login({ account: 'skao' })
    });
    const entered: string[] = [];
    lake.entered.connect((_, name) => void entered.push(name));
    await lake.checkLogin('lake');
    expect(entered).toEqual(['lake']);
    await lake.checkLogin('lake');
    expect(entered).toEqual(['lake']);
    expect(account.instance?.login.account).toBe('skao');
  });
});
