import type { Event } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { AccountModel } from '../account/model';
import { AvailableModel } from '../available/model';
import { DetailsModel } from '../details/model';
import { CHANGED_SCHEMA } from '../lake/events';
import { LakeModel } from '../lake/model';
import { TransfersModel } from '../transfers/model';
import { UploadModel } from '../upload/model';
import {
  Server,
  granted,
  instance,
  instances,
  job,
  refusal,
  rule,
  settle,
  status
} from './server';

const DAY = 86400;
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

async function lakeOf(routes: Server['routes'], stream = new Stream()) {
  const server = new Server({
    'GET instances': () => instances(),
    'GET lake/status': () => status(),
    ...routes
  });
  const lake = new LakeModel({
    settings: server.settings,
    events: stream.signal
  });
  await lake.refresh();
  return { lake, server, stream };
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
});

describe('AvailableModel', () => {
  it('proposes the lifetime of the instance and shows what was granted', async () => {
    const { lake, server } = await lakeOf({
      'POST lake/rules': () => granted()
    });
    const form = new AvailableModel(lake, ITEM);
    expect(form.lifetime.preset).toBe(14 * DAY);
    await form.submit();
    expect(server.bodies).toEqual([{ did: 's:d', lifetime: 14 * DAY }]);
    expect(form.isDone).toBe(true);
    expect(form.granted?.rule.expires_at).toBe('2030-01-01T00:00:00Z');
  });

  it('sends a date as a time with Z', async () => {
    const { lake, server } = await lakeOf({
      'POST lake/rules': () => granted()
    });
    const form = new AvailableModel(lake, ITEM);
    form.lifetime = { ...form.lifetime, kind: 'date', date: '2099-05-04' };
    await form.submit();
    const until = new Date(2099, 4, 4, 23, 59, 59).toISOString().slice(0, 19);
    expect(server.bodies).toEqual([{ did: 's:d', until: `${until}Z` }]);
  });

  it('sends nothing that cannot be right', async () => {
    const { lake, server } = await lakeOf({});
    const form = new AvailableModel(lake, ITEM);
    form.lifetime = { ...form.lifetime, kind: 'days', days: '0' };
    expect(form.isValid).toBe(false);
    await form.submit();
    expect(server.bodies).toEqual([]);
    expect(form.isDone).toBe(false);
  });

  it('stays open at a refusal', async () => {
    const { lake } = await lakeOf({
      'POST lake/rules': () =>
        refusal(403, { error: 'InsufficientAccountLimit' })
    });
    const form = new AvailableModel(lake, ITEM);
    await form.submit();
    expect(form.isDone).toBe(false);
    expect(form.isBusy).toBe(false);
    expect(form.problem?.error).toBe('InsufficientAccountLimit');
    expect(form.canExtend).toBe(false);
  });

  it('offers to extend a rule that is there', async () => {
    const { lake, server } = await lakeOf({
      'POST lake/rules': () => refusal(409, { error: 'DuplicateRule' })
    });
    const form = new AvailableModel(lake, ITEM);
    await form.submit();
    expect(form.canExtend).toBe(true);
    server.routes['POST lake/rules'] = () => granted({ new: false });
    await form.extend();
    expect(server.bodies[1]).toMatchObject({ did: 's:d', extend: true });
    expect([form.isDone, form.wasExtended]).toEqual([true, true]);
  });

  it('sends once however often it is clicked', async () => {
    const { lake, server } = await lakeOf({
      'POST lake/rules': () => granted()
    });
    const form = new AvailableModel(lake, ITEM);
    await Promise.all([form.submit(), form.submit()]);
    await form.submit();
    expect(server.count('POST lake/rules')).toBe(1);
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
    expect(details.reference).toBe('rucio://s/d');
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
});
