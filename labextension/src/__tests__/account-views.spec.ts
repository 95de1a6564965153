import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';

import { tellEnds } from '../account/notice';
import { LakeModel } from '../lake/model';
import { DataLakePanel } from '../panel';
import type { Login } from '../schema';
import { Server, instance, instances, json, refusal, settle } from './server';

const trans = nullTranslator.load('jupyter_dlaas');
const SOON = '2030-01-01T00:00:00Z';
const opened: Widget[] = [];

async function paint(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) {
    await settle();
    await new Promise(resolve => requestAnimationFrame(() => resolve(null)));
  }
}

function login(more: Partial<Login> = {}): Login {
  return { ...instance().login, ...more };
}

const NOBODY = login({ state: 'logged_out', account: null, method: null });

async function open(now: Login, routes: Server['routes'] = {}) {
  const methods: Login['method'][] = ['oidc', 'device', 'x509', 'userpass'];
  const shown = instance({ login: now, methods: methods as 'oidc'[] });
  const server = new Server({
    'GET instances': () => instances(shown),
    ...routes
  });
  const lake = new LakeModel({ settings: server.settings });
  const panel = new DataLakePanel({
    lake,
    commands: new CommandRegistry(),
    trans,
    reveal: () => undefined
  });
  Widget.attach(panel, document.body);
  opened.push(panel);
  await paint();
  const all = <T extends HTMLElement>(selector: string) => [
    ...panel.node.querySelectorAll<T>(selector)
  ];
  const find = <T extends HTMLElement>(selector: string) =>
    all<T>(selector)[0] ?? null;
  const press = async (label: string) => {
    const node = all<HTMLElement>('button, .jp-Dlaas-chip span').find(
      each =>
        each.textContent === label || each.getAttribute('aria-label') === label
    );
    node!.focus();
    node!.click();
    await paint();
  };
  return { all, find, lake, panel, press, server };
}

afterEach(() => {
  opened.splice(0).forEach(widget => widget.dispose());
});

describe('the head of the panel', () => {
  it('offers each way in by its name, one at a time', async () => {
    const { all, find, press } = await open(NOBODY);
    const names = all('.jp-Dlaas-ways label').map(label => label.textContent);
    expect(names).toEqual([
      'Single sign-on',
      'Code',
      'Certificate',
      'Password'
    ]);
    expect(find('input[type=password]')).toBeNull();
    await press('Password');
    expect(find('input[name=password]')).not.toBeNull();
  });

  it('shows who is logged in, how and until when', async () => {
    const { find, press } = await open(
      login({
        method: 'x509_proxy',
        identity: 'CN=Alice',
        expires_at: SOON,
        credential_expires_at: SOON,
        renewable: true
      })
    );
    await press('alice');
    const card = find('[aria-label="Your login"]')!;
    expect(card.textContent).toContain('CN=Alice');
    expect(card.textContent).toContain('proxy certificate');
    expect(card.textContent).toContain('renewed by itself');
    const [time] = card.querySelectorAll('time');
    expect(time.title).toContain('2030-01-01 00:00 UTC');
  });

  it('says before the end that nobody renews it, and offers the next login', async () => {
    const end = new Date(Date.now() + 420_000).toISOString();
    const { find, panel, press } = await open(
      login({ state: 'expiring', expires_at: end, renewable: false })
    );
    expect(find('.jp-Dlaas-ending')?.textContent).toContain('7 minutes left');
    expect(panel.title.className).toContain('jp-mod-expiring');
    await press('Log in again…');
    expect(find('.jp-Dlaas-ways')).not.toBeNull();
    expect(find('[role=tablist]')?.closest('.lm-mod-hidden')).toBeNull();
  });

  it('counts the minutes until its end', async () => {
    const now = Date.now();
    const every = jest.spyOn(window, 'setInterval');
    const end = new Date(now + 420_000).toISOString();
    const { find } = await open(
      login({ state: 'expiring', expires_at: end, renewable: false })
    );
    const [draw] = every.mock.calls.find(
      (call: unknown[]) => call[1] === 20_000
    )!;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 240_000);
    try {
      (draw as () => void)();
      await paint();
      expect(find('.jp-Dlaas-ending')?.textContent).toContain('3 minutes left');
    } finally {
      clock.mockRestore();
      every.mockRestore();
    }
  });

  it('asks one question when the login has ended', async () => {
    const problem = await refusal(401, { error: 'LoginRequired' }).json();
    const { all, find, panel } = await open(
      login({ state: 'expired', method: 'oidc', problem })
    );
    expect(all('[role=alert]')).toEqual([]);
    expect(find('.jp-Dlaas-ending')?.textContent).toContain('Log in again');
    expect(find<HTMLInputElement>('[name=account]')?.value).toBe('alice');
    expect(panel.title.caption).toContain('has ended');
  });

  it('gives the code, and a link that tells the page nothing of ours', async () => {
    const { find, press } = await open(NOBODY, {
      'POST lake/login': () =>
        json(
          login({
            state: 'pending',
            account: null,
            pending: {
              kind: 'device',
              url: 'https://idp.test/device?user_code=ABCD-EFGH',
              code: 'ABCD-EFGH',
              expires_at: SOON
            }
          }),
          202
        ),
      'DELETE lake/login': () => NOBODY
    });
    await press('Code');
    await press('Get a code');
    expect(find('output')?.textContent).toBe('ABCD-EFGH');
    const link = find<HTMLAnchorElement>('.jp-Dlaas-pending a')!;
    expect(link.rel).toBe('noopener noreferrer');
    expect(link.target).toBe('_blank');
    expect(find('.jp-Dlaas-address')?.textContent).toBe(
      'https://idp.test/device'
    );
    await press('Give up');
    expect(find('output')).toBeNull();
    // The button that was pressed is gone, and the keyboard is where it can go on.
    expect(document.activeElement?.closest('.jp-Dlaas-login')).not.toBeNull();
  });

  it('marks a certificate that has expired, and sends no passphrase where there is none', async () => {
    const file = {
      path: '~/.globus/proxy.pem',
      kind: 'proxy',
      subject: 'CN=Alice,CN=123',
      expires_at: SOON,
      encrypted: false,
      key: null,
      problem: null
    };
    const problem = await refusal(401, { error: 'CannotAuthenticate' }).json();
    const over = {
      ...file,
      path: '~/old.pem',
      expires_at: '2020-01-01T00:00:00Z',
      problem
    };
    const { all, find, press, server } = await open(NOBODY, {
      'GET lake/certificates': () => [file, over],
      'POST lake/login': () => login({ method: 'x509_proxy' })
    });
    await press('Certificate');
    const [first, second] = all('.jp-Dlaas-choice');
    expect(first.textContent).toContain('Alice');
    expect(second.querySelector('.jp-Dlaas-wrong')?.textContent).toContain(
      'expired on'
    );
    expect(find('input[type=password]')).toBeNull();
    find<HTMLFormElement>('form')!.requestSubmit();
    await paint();
    expect(server.bodies).toEqual([
      { method: 'x509_proxy', certificate: file.path, key: null }
    ]);
  });

  it('says what is wrong with a certificate by its name', async () => {
    const { find, press } = await open(NOBODY, {
      'GET lake/certificates': () => [],
      'POST lake/login': () =>
        refusal(401, {
          error: 'CannotAuthenticate',
          blame: 'credential',
          details: { why: 'passphrase_wrong' }
        })
    });
    await press('Certificate');
    const path = find<HTMLInputElement>('[name=certificate]')!;
    Object.getOwnPropertyDescriptor(
      HTMLInputElement.prototype,
      'value'
    )!.set!.call(path, '~/my.p12');
    path.dispatchEvent(new Event('input', { bubbles: true }));
    await paint();
    find<HTMLFormElement>('form')!.requestSubmit();
    await paint();
    expect(find('[role=alert] strong')?.textContent).toBe(
      'The passphrase is wrong'
    );
  });
});

describe('a login that ends while nobody looks', () => {
  it('is told once, and no longer when the next one is there', async () => {
    let now = login();
    const server = new Server({
      'GET instances': () => instances(instance({ login: now }))
    });
    const lake = new LakeModel({ settings: server.settings });
    const asked: string[] = [];
    tellEnds(lake, name => void asked.push(name), trans);
    await lake.refresh();
    expect(Notification.manager.count).toBe(0);
    now = login({ state: 'expired' });
    await lake.refresh();
    await lake.refresh();
    const [told] = Notification.manager.notifications;
    expect(Notification.manager.count).toBe(1);
    expect(told.message).toContain('The lake');
    told.options.actions![0].callback(new MouseEvent('click'));
    expect(asked).toEqual(['lake']);
    now = login();
    await lake.refresh();
    expect(Notification.manager.count).toBe(0);
    lake.dispose();
  });
});
