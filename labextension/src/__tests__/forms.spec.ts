import { Notification } from '@jupyterlab/apputils';
import type { Event } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { AccountModel } from '../account/model';
import { DetailsModel } from '../details/model';
import { CHANGED_SCHEMA } from '../lake/events';
import { LakeModel } from '../lake/model';
import { askStage } from '../notebook/stage/index';
import { StageModel } from '../notebook/stage/model';
import { TransfersModel } from '../transfers/model';
import { askUpload } from '../upload/index';
import { UploadModel } from '../upload/model';
import {
  END,
  Server,
  granted,
  instance,
  instances,
  job,
  refusal,
  rule,
  settle,
  status,
  stream
} from './server';

const ITEM = { instance: 'lake', did: 's:d', type: 'dataset' as const };

class Stream {
  readonly signal = new Signal<this, Event.Emission>(this);
  push(seq: number, id: string): void {
    this.signal.emit({
      schema_id: CHANGED_SCHEMA,
      server: 'run-1',
      seq,
      kind: 'job',
      instance: 'lake',
      did: null,
      job: id
    });
  }
}

async function lakeOf(routes: Server['routes'], events = new Stream()) {
  const server = new Server({
    'GET instances': () => instances(),
    'GET lake/status': () => status(),
    'GET lake/replicas': () => stream(END),
    'GET lake/parents': () => stream(END),
    ...routes
  });
  const lake = new LakeModel({
    settings: server.settings,
    events: events.signal
  });
  await lake.refresh();
  return { lake, server, stream: events };
}

describe('AccountModel', () => {
  it('logs in, and shows a refusal beside the form', async () => {
    const out = instance();
    out.login = { ...out.login, state: 'logged_out', account: null };
    const { lake, server } = await lakeOf({
      'GET instances': () => instances(out),
      'POST lake/login': () => refusal(401, { error: 'CannotAuthenticate' })
    });
    const account = new AccountModel(lake);
    expect(lake.isUsable).toBe(false);
    const request = { username: 'alice', password: 'wrong' };
    expect(await account.login(request)).toBe(false);
    expect(account.problem?.error).toBe('CannotAuthenticate');
    server.routes['POST lake/login'] = () => instance().login;
    expect(await account.login(request)).toBe(true);
    expect(account.problem).toBeNull();
    expect(lake.isUsable).toBe(true);
  });

  it('keeps no password', async () => {
    const { lake } = await lakeOf({
      'POST lake/login': () => refusal(401)
    });
    const account = new AccountModel(lake);
    await account.login({ username: 'alice', password: 'c4nary-secret' });
    const seen = new Set<unknown>();
    const holds = (value: unknown): boolean => {
      if (typeof value === 'string') {
        return value.includes('c4nary-secret');
      }
      if (typeof value !== 'object' || value === null || seen.has(value)) {
        return false;
      }
      seen.add(value);
      return Object.values(value).some(holds);
    };
    expect(holds({ account, lake: lake.instances })).toBe(false);
  });

  it('logs in as the server is configured to, without a body', async () => {
    const { lake, server } = await lakeOf({
      'POST lake/login': () => instance().login
    });
    await new AccountModel(lake).login();
    expect(server.bodies).toEqual([null]);
  });

  it('shows the refusal of one instance at no other', async () => {
    const out = instance();
    out.login = { ...out.login, state: 'logged_out', account: null };
    let refuse: (value: Response) => void = () => undefined;
    const { lake } = await lakeOf({
      'GET instances': () =>
        instances(out, { ...out, name: 'sea', default: false }),
      'POST lake/login': () =>
        new Promise(resolve => {
          refuse = resolve;
        })
    });
    const account = new AccountModel(lake);
    const login = account.login({ username: 'alice', password: 'x' });
    await settle();
    account.choose('sea');
    refuse(refusal(401, { error: 'CannotAuthenticate' }));
    expect(await login).toBe(false);
    expect(account.problem).toBeNull();
    expect(account.isBusy).toBe(false);
  });
});

describe('DetailsModel', () => {
  it('shows the selected DID and asks for nothing while hidden', async () => {
    const { lake, server } = await lakeOf({
      'GET lake/metadata': () => ({ did: 's:d', account: 'root', custom: {} }),
      'GET lake/rules': () => [rule()]
    });
    const details = new DetailsModel(lake);
    details.isActive = true;
    lake.selected = ITEM;
    await settle();
    expect(details.known?.status?.state).toBe('absent');
    expect(details.rules).toHaveLength(1);
    expect(details.metadata?.account).toBe('root');
    details.isActive = false;
    server.requests.length = 0;
    lake.statuses.hint('lake', 's:d');
    await settle();
    expect(server.requests).toEqual([]);
  });

  it('asks for the rules again when the status has changed', async () => {
    let state: 'replicating' | 'available' = 'replicating';
    const { lake, server } = await lakeOf({
      'GET lake/status': () => status({ state }),
      'GET lake/metadata': () => ({ custom: {} }),
      'GET lake/rules': () => [rule()]
    });
    const details = new DetailsModel(lake);
    details.isActive = true;
    lake.selected = ITEM;
    await settle();
    expect(server.count('GET lake/rules')).toBe(1);
    lake.statuses.hint('lake', 's:d');
    await settle();
    expect(server.count('GET lake/rules')).toBe(1);
    state = 'available';
    lake.statuses.hint('lake', 's:d');
    await settle();
    expect(server.count('GET lake/rules')).toBe(2);
  });

  it('shows the last answer about the rules, whichever comes last', async () => {
    let state: 'replicating' | 'stuck' | 'available' = 'replicating';
    const answers: ((value: unknown) => void)[] = [];
    const { lake } = await lakeOf({
      'GET lake/status': () => status({ state }),
      'GET lake/metadata': () => ({ custom: {} }),
      'GET lake/rules': () => new Promise(resolve => answers.push(resolve))
    });
    const details = new DetailsModel(lake);
    details.isActive = true;
    lake.selected = ITEM;
    await settle();
    state = 'stuck';
    lake.statuses.hint('lake', 's:d');
    await settle();
    state = 'available';
    lake.statuses.hint('lake', 's:d');
    await settle();
    expect(answers).toHaveLength(3);
    answers[2]([rule({ state: 'OK' })]);
    await settle();
    answers[1]([rule({ state: 'STUCK' })]);
    answers[0]([rule()]);
    await settle();
    expect(details.rules?.map(each => each.state)).toEqual(['OK']);
    expect(details.problem).toBeNull();
  });

  it('asks again for what it lacked when the lake is back', async () => {
    const { lake, server } = await lakeOf({
      'GET lake/status': () => refusal(401, { error: 'CannotAuthenticate' }),
      'GET lake/metadata': () => refusal(401, { error: 'CannotAuthenticate' }),
      'GET lake/rules': () => refusal(401, { error: 'CannotAuthenticate' }),
      'POST lake/login': () => instance().login
    });
    const details = new DetailsModel(lake);
    details.isActive = true;
    lake.selected = ITEM;
    await settle();
    expect(details.problem?.error).toBe('CannotAuthenticate');
    server.routes['GET lake/status'] = () => status();
    server.routes['GET lake/metadata'] = () => ({ custom: {} });
    server.routes['GET lake/rules'] = () => [rule()];
    await lake.login('lake');
    await settle();
    expect(details.problem).toBeNull();
    expect(details.rules).toHaveLength(1);
  });
});

describe('rules of one’s own', () => {
  const stuck = () => rule({ id: 'r1', account: 'alice', state: 'STUCK' });

  async function detailsOf(more: Server['routes']) {
    const { lake, server } = await lakeOf({
      'GET lake/metadata': () => ({ custom: {} }),
      'GET lake/rules': () => [stuck(), rule({ id: 'r2', account: 'bob' })],
      ...more
    });
    const details = new DetailsModel(lake);
    details.isActive = true;
    lake.selected = ITEM;
    await settle();
    return { details, server };
  }

  it('are told from those of others', async () => {
    const { details } = await detailsOf({});
    expect(details.rules!.map(each => details.isOwn(each))).toEqual([
      true,
      false
    ]);
  });

  it('are tried again and released, and asked for anew', async () => {
    const { details, server } = await detailsOf({
      'PATCH lake/rules/r1': () => stuck(),
      'DELETE lake/rules/r1': () => stuck()
    });
    const [own] = details.rules!;
    const retried = details.retryRule(own);
    expect(details.isChanging(own)).toBe(true);
    await retried;
    expect(details.isChanging(own)).toBe(false);
    await details.releaseRule(own);
    expect(server.count('PATCH lake/rules/r1')).toBe(1);
    expect(server.count('DELETE lake/rules/r1')).toBe(1);
    expect(server.count('GET lake/rules')).toBe(3);
  });

  it('say why they cannot be changed', async () => {
    const { details } = await detailsOf({
      'DELETE lake/rules/r1': () => {
        throw new Error('offline');
      }
    });
    await details.releaseRule(details.rules![0]);
    expect(details.problem).not.toBeNull();
  });

  it('get another end, and a refusal stays in the form', async () => {
    const { details } = await detailsOf({
      'PATCH lake/rules/r1': () => {
        throw new Error('offline');
      }
    });
    const form = details.prolonging(details.rules![0]);
    form.lifetime = { ...form.lifetime, kind: 'preset', preset: 86400 };
    await form.submit();
    expect(form.isDone).toBe(false);
    expect(form.problem).not.toBeNull();
    form.dispose();
  });
});

describe('TransfersModel', () => {
  it('lists jobs, newest first, and follows hints', async () => {
    const { lake, server, stream } = await lakeOf({
      'GET jobs': () => [
        job(),
        job({ id: 'j2', created_at: '2026-02-01T00:00:00Z', state: 'done' })
      ],
      'GET jobs/j1': () => job({ state: 'done', done_bytes: 100 })
    });
    const transfers = new TransfersModel(lake);
    transfers.isActive = true;
    await settle();
    expect(transfers.jobs?.map(({ id }) => id)).toEqual(['j2', 'j1']);
    expect(transfers.running).toBe(1);
    stream.push(1, 'j1');
    await settle();
    expect(transfers.running).toBe(0);
    transfers.isActive = false;
    server.requests.length = 0;
    stream.push(2, 'j1');
    await settle();
    expect(server.requests).toEqual([]);
    transfers.dispose();
  });

  it('cancels', async () => {
    const { lake } = await lakeOf({
      'GET jobs': () => [job()],
      'DELETE jobs/j1': () => job({ state: 'cancelled' })
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    const cancelling = transfers.cancel(transfers.jobs![0]);
    expect(transfers.isCancelling(transfers.jobs![0])).toBe(true);
    await cancelling;
    expect(transfers.jobs![0].state).toBe('cancelled');
    transfers.dispose();
  });

  it('loses no job to a list that is older than it', async () => {
    let answer: (value: unknown) => void = () => undefined;
    const { lake } = await lakeOf({
      'GET jobs': () =>
        new Promise(resolve => {
          answer = resolve;
        })
    });
    const transfers = new TransfersModel(lake);
    const refreshed = transfers.refresh();
    await settle();
    transfers.add(job({ id: 'new' }));
    answer([job({ id: 'old', created_at: '2025-01-01T00:00:00Z' })]);
    await refreshed;
    expect(transfers.jobs?.map(({ id }) => id)).toEqual(['new', 'old']);
    transfers.dispose();
  });

  it('never takes a job back to running', async () => {
    let answer: (value: unknown) => void = () => undefined;
    const { lake } = await lakeOf({
      'GET jobs': () => [job()],
      'DELETE jobs/j1': () =>
        new Promise(resolve => {
          answer = resolve;
        })
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    const cancelling = transfers.cancel(transfers.jobs![0]);
    await settle();
    transfers.add(job({ state: 'cancelled' }));
    answer(job());
    await cancelling;
    expect(transfers.jobs![0].state).toBe('cancelled');
    transfers.dispose();
  });

  it('tries again what failed, and an older answer does not end it', async () => {
    const { lake } = await lakeOf({
      'GET jobs': () => [job({ state: 'failed' })],
      'POST jobs/j1/retry': () => job({ state: 'queued', attempt: 2 })
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    await transfers.retry(transfers.jobs![0]);
    expect(transfers.running).toBe(1);
    transfers.add(job({ state: 'failed' }));
    expect(transfers.jobs![0].state).toBe('queued');
    transfers.dispose();
  });

  it('says why something cannot be tried again', async () => {
    const { lake } = await lakeOf({
      'GET jobs': () => [job({ state: 'failed' })],
      'POST jobs/j1/retry': () => {
        throw new Error('offline');
      }
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    await transfers.retry(transfers.jobs![0]);
    expect(transfers.problem).not.toBeNull();
    expect(transfers.jobs![0].state).toBe('failed');
    transfers.dispose();
  });

  it('counts what waits for a login as on its way', async () => {
    const { lake } = await lakeOf({
      'GET jobs': () => [job({ state: 'waiting' })]
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    expect(transfers.running).toBe(1);
    transfers.dispose();
  });

  it('shows the log of a job and hides it again', async () => {
    const { lake } = await lakeOf({
      'GET jobs': () => [job()],
      'GET jobs/j1/log': () => [{ at: '2026-01-01T00:00:00Z', text: 'Begun.' }]
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    const [only] = transfers.jobs!;
    await transfers.toggleLog(only);
    expect(transfers.logs.rows(only.id)?.map(({ text }) => text)).toEqual([
      'Begun.'
    ]);
    await transfers.toggleLog(only);
    expect(transfers.logs.rows(only.id)).toBeNull();
    transfers.dispose();
  });

  it('keeps the order of jobs of one second', async () => {
    const { lake } = await lakeOf({
      'GET jobs': () => [job({ id: 'b' }), job({ id: 'a' })]
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    transfers.add(job({ id: 'b', done_bytes: 50 }));
    transfers.add(job({ id: 'c' }));
    expect(transfers.jobs?.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    transfers.dispose();
  });

  it('follows hints at another section of the panel too, for its badge', async () => {
    const { lake, stream } = await lakeOf({
      'GET jobs': () => [job()],
      'GET jobs/j1': () => job({ state: 'done' })
    });
    const transfers = new TransfersModel(lake);
    lake.isActive = true;
    transfers.add(job());
    stream.push(1, 'j1');
    await settle();
    expect(transfers.running).toBe(0);
    transfers.dispose();
    lake.dispose();
  });
});

describe('UploadModel', () => {
  const FILE = { path: 'dir/my histos.root', name: 'my histos.root', size: 5 };
  const ROUTES: Server['routes'] = {
    'GET lake/scopes': () => ['user.alice', 'group.higgs'],
    'GET lake/rses': () => [
      { name: 'NORTH', site: 'N', qos: 'SAFE', writable: true },
      { name: 'TAPE', site: 'N', qos: null, writable: false }
    ]
  };

  it('proposes a name without spaces, the own scope, and no end', async () => {
    const { lake, server } = await lakeOf({
      ...ROUTES,
      'POST lake/uploads': () => job()
    });
    const form = new UploadModel(lake, FILE);
    expect(form.isValid).toBe(false);
    await form.loaded;
    expect(form.did).toBe('user.alice:my_histos.root');
    expect(form.rses.map(({ name }) => name)).toEqual(['NORTH']);
    form.dataset = 'results';
    await form.submit();
    expect(server.bodies).toEqual([
      {
        path: 'dir/my histos.root',
        did: 'user.alice:my_histos.root',
        dataset: 'user.alice:results'
      }
    ]);
    expect(form.job?.id).toBe('j1');
  });

  it.each([
    ['DataIdentifierAlreadyExists', {}, 'name'],
    ['ScopeNotFound', {}, 'scope'],
    ['InvalidLifetime', {}, 'lifetime'],
    ['InsufficientAccountLimit', {}, 'rse'],
    ['InvalidInput', { field: 'dataset' }, 'dataset'],
    ['Unreachable', {}, null]
  ])('shows %s where it belongs', async (error, details, field) => {
    const { lake } = await lakeOf({
      ...ROUTES,
      'POST lake/uploads': () => refusal(409, { error, details })
    });
    const form = new UploadModel(lake, FILE);
    await form.loaded;
    await form.submit();
    expect(form.isDone).toBe(false);
    expect(form.wrongField).toBe(field);
    form.name = 'other.root';
    expect(form.problem).toBeNull();
  });

  it('says that there is no scope to write to', async () => {
    const { lake } = await lakeOf({ ...ROUTES, 'GET lake/scopes': () => [] });
    const form = new UploadModel(lake, FILE);
    await form.loaded;
    expect(form.scopes).toEqual([]);
    expect(form.isValid).toBe(false);
  });

  it.each(['', ' ', 'a b', 'a*'])('refuses the name %j', async name => {
    const { lake } = await lakeOf(ROUTES);
    const form = new UploadModel(lake, FILE);
    await form.loaded;
    form.name = name;
    expect(form.isValid).toBe(false);
  });

  it('shows what is wrong with the dataset beside the dataset', async () => {
    const { lake } = await lakeOf({
      ...ROUTES,
      'POST lake/uploads': () =>
        refusal(400, {
          error: 'InvalidDID',
          blame: 'you',
          message: "'user.alice:a+b' is not a name that can be made."
        })
    });
    const form = new UploadModel(lake, FILE);
    await form.loaded;
    form.dataset = 'a+b';
    await form.submit();
    expect(form.wrongField).toBe('dataset');
  });
});

describe('A dialog that is closed while its form is sent', () => {
  const FILE = { path: 'dir/a.root', name: 'a.root', size: 5 };
  let told: string[] = [];

  beforeEach(() => {
    told = [];
    Notification.manager.dismiss();
    Notification.manager.changed.connect(note);
  });

  afterEach(() => {
    Notification.manager.changed.disconnect(note);
  });

  function note(_: unknown, change: Notification.IChange): void {
    if (change.type === 'added') {
      const { message, type } = change.notification;
      told.push(`${type}: ${message}`);
    }
  }

  async function sending() {
    let answer: (value: unknown) => void = () => undefined;
    const { lake } = await lakeOf({
      'GET lake/scopes': () => ['user.alice'],
      'GET lake/rses': () => [],
      'POST lake/uploads': () =>
        new Promise(resolve => {
          answer = resolve;
        })
    });
    const form = new UploadModel(lake, FILE);
    await form.loaded;
    const asked = askUpload(form, nullTranslator.load('jupyter_dlaas'));
    await settle();
    const labels = () =>
      [...document.querySelectorAll('.jp-Dialog-footer button')].map(
        button => button.textContent
      );
    const close = async () => {
      document
        .querySelector<HTMLButtonElement>('.jp-Dialog button.jp-mod-reject')!
        .click();
      await settle();
      expect(document.querySelector('.jp-Dialog')).toBeNull();
    };
    expect(labels()).toEqual(['Cancel', 'Upload']);
    document
      .querySelector<HTMLButtonElement>('.jp-Dialog button.jp-mod-accept')!
      .click();
    await settle();
    return { answer, asked, close, form, labels };
  }

  it('says that it is being sent, and offers no way to cancel it', async () => {
    const { answer, asked, close, labels } = await sending();
    expect(labels()).toEqual(['Close', 'Sending…']);
    answer(refusal(409, { error: 'AlreadyThere' }));
    await settle();
    expect(labels()).toEqual(['Cancel', 'Upload']);
    await close();
    expect(await asked).toBeNull();
    expect(told).toEqual([]);
  });

  it('goes on; that it was accepted is told, and its job is followed', async () => {
    const { answer, asked, close } = await sending();
    await close();
    expect(told).toEqual([]);
    answer(job({ id: 'late' }));
    expect((await asked)?.id).toBe('late');
    expect(told).toEqual(['success: Upload to the data lake: Accepted.']);
  });

  it('tells why it was refused, until that is closed', async () => {
    const { answer, asked, close, form } = await sending();
    await close();
    answer(
      refusal(409, {
        error: 'DataIdentifierAlreadyExists',
        message: 'The name is taken.',
        remedy: 'Choose another one.'
      })
    );
    expect(await asked).toBeNull();
    expect(form.isDone).toBe(false);
    expect(told).toEqual([
      'error: Upload to the data lake: The name is taken. Choose another one.'
    ]);
    const [{ options }] = Notification.manager.notifications;
    expect(options.autoClose).toBe(false);
  });

  it('tells of what was refused of several', async () => {
    const answers: ((value: unknown) => void)[] = [];
    const { lake } = await lakeOf({
      'POST lake/rules': () => new Promise(resolve => answers.push(resolve))
    });
    const items = ['s:a', 's:b'].map(did => lake.statuses.get('lake', did));
    const form = new StageModel(lake, items);
    const asked = askStage(form, nullTranslator.load('jupyter_dlaas'));
    await settle();
    void form.submit();
    await settle();
    document
      .querySelector<HTMLButtonElement>('.jp-Dialog button.jp-mod-reject')!
      .click();
    answers[0](granted());
    answers[1](refusal(403, { message: 'No quota for s:b.', remedy: 'Ask.' }));
    await asked;
    expect(told).toEqual(['error: Make all available: No quota for s:b. Ask.']);
  });
});
