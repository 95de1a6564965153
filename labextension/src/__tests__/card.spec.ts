import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';

import { MetadataModel, readValue, valueText } from '../details/metadataModel';
import { DetailsModel } from '../details/model';
import { referenceURL } from '../did';
import { expiresSoon, tellExpiring } from '../lake/expiry';
import { LakeModel } from '../lake/model';
import { Pace } from '../lake/pace';
import { Statuses } from '../lake/statuses';
import type { Copies, Metadata } from '../schema';
import {
  END,
  Server,
  entry,
  granted,
  instances,
  refusal,
  rule,
  settle,
  status,
  stream
} from './server';

const DAY = 86400_000;
const ITEM = { instance: 'lake', did: 's:d', type: 'dataset' as const };
const trans = nullTranslator.load('jupyter_dlaas');

function metadata(custom: Metadata['custom'] = {}): Metadata {
  return {
    did: 's:d',
    type: 'dataset',
    account: 'alice',
    bytes: null,
    files: null,
    adler32: null,
    md5: null,
    open: null,
    created_at: null,
    custom,
    editable: true
  };
}

function copies(more: Partial<Copies> = {}): Copies {
  return {
    rse: 'NORTH',
    site: null,
    qos: null,
    tape: false,
    state: 'AVAILABLE',
    access: 'https',
    reason: '',
    files: 4,
    available_files: 4,
    bytes: 4000,
    available_bytes: 4000,
    protocols: ['https'],
    pfn: null,
    ...more
  };
}

async function cardOf(routes: Server['routes'] = {}) {
  const server = new Server({
    'GET instances': () => instances(),
    'GET lake/status': () => status(),
    'GET lake/metadata': () => metadata(),
    'GET lake/rules': () => [rule({ id: 'r1', state: 'STUCK' })],
    'GET lake/replicas': () => stream(copies(), END),
    'GET lake/parents': () => stream(entry('s:c', 'container'), END),
    ...routes
  });
  const lake = new LakeModel({ settings: server.settings });
  await lake.refresh();
  const card = new DetailsModel(lake);
  card.isActive = true;
  lake.selected = ITEM;
  await settle();
  return { card, lake, server };
}

describe('the card', () => {
  it('asks for the copies once, whatever the number of files', async () => {
    const { card, server } = await cardOf({
      'GET lake/status': () => status({ files: 1_000_000 })
    });
    expect(card.copies?.map(({ rse }) => rse)).toEqual(['NORTH']);
    expect(server.count('GET lake/replicas')).toBe(1);
    expect(server.count('GET lake/contents')).toBe(0);
  });

  it('leads to what holds the DID', async () => {
    const { card, lake } = await cardOf();
    card.select(card.parents![0]);
    await settle();
    expect(lake.selected).toEqual({
      instance: 'lake',
      did: 's:c',
      type: 'container'
    });
    expect(card.item?.did).toBe('s:c');
  });

  it('explains a stuck rule when it is asked, and says why it cannot', async () => {
    const explanation = { reason: 'No copy.', locks: [], complete: true };
    const { card, server } = await cardOf({
      'GET lake/rules/r1': () => explanation
    });
    const [stuck] = card.rules!;
    expect(server.count('GET lake/rules/r1')).toBe(0);
    await card.explain(stuck);
    expect(card.explanation(stuck)).toEqual(explanation);
    server.routes['GET lake/rules/r1'] = () =>
      refusal(404, { error: 'RuleNotFound' });
    await card.explain(stuck);
    expect(card.explanation(stuck)).toMatchObject({ error: 'RuleNotFound' });
  });

  it('goes on saying why an act was refused, until the next one', async () => {
    const { card, lake, server } = await cardOf({
      'PATCH lake/rules/r1': () => refusal(403, { error: 'AccessDenied' })
    });
    await card.retryRule(card.rules![0]);
    await settle();
    await lake.statuses.ask('lake', 's:d');
    await settle();
    expect(card.problem?.error).toBe('AccessDenied');
    server.routes['PATCH lake/rules/r1'] = () => rule({ id: 'r1' });
    await card.retryRule(card.rules![0]);
    expect(card.problem).toBeNull();
  });

  it('asks for nothing while nobody sees it, and then for what changed', async () => {
    const { card, lake, server } = await cardOf();
    card.isActive = false;
    server.routes['GET lake/status'] = () => status({ state: 'available' });
    const before = server.count('GET lake/rules');
    await lake.statuses.ask('lake', 's:d');
    await settle();
    expect(server.count('GET lake/rules')).toBe(before);
    card.isActive = true;
    await settle();
    expect(server.count('GET lake/rules')).toBe(before + 1);
  });

  it('has a stuck rule put elsewhere', async () => {
    const { card, server } = await cardOf({
      'GET lake/qos': () => [],
      'GET lake/rses': () =>
        ['MOUNT', 'SOUTH'].map(name => ({ name, writable: true })),
      'POST lake/rules/r1/move': () => granted({ note: 'Moved.' })
    });
    const form = card.moving(card.rules![0]);
    await settle();
    expect(form.places?.rses.map(({ name }) => name)).toEqual(['SOUTH']);
    await form.submit();
    expect(server.bodies).toEqual([]);
    form.place = 'rse:SOUTH';
    await form.submit();
    expect(server.bodies).toEqual([{ rse_expression: 'SOUTH' }]);
    expect(form.granted?.note).toBe('Moved.');
    form.dispose();
  });

  it('gives a reference that other servers understand', async () => {
    const { card } = await cardOf();
    expect(card.reference).toBe('rucio://s/d');
    expect(referenceURL('s:/store/a:b', 'Our lake')).toBe(
      'rucio://Our%20lake@s//store/a:b'
    );
  });
});

describe('metadata', () => {
  async function formOf(custom: Metadata['custom']) {
    const { lake, server } = await cardOf({
      'PATCH lake/metadata': () => metadata()
    });
    const form = new MetadataModel(lake, 'lake', metadata(custom));
    return { form, server };
  }

  it('are read as JSON where they are such, else as text', () => {
    expect(readValue(' 13000 ')).toBe(13000);
    expect(readValue('13 TeV')).toBe('13 TeV');
    expect(readValue('"13000"')).toBe('13000');
    expect(readValue('["a"]')).toEqual(['a']);
    expect(readValue('007')).toBe('007');
    expect(readValue('12345678901234567890')).toBe('12345678901234567890');
  });

  it.each(['', '{"a":', '1e999', 'null', '"open'])('refuse %s', text => {
    expect(readValue(text)).toBeUndefined();
  });

  it.each(['13000', ' a ', 'true', '{', 'plain', 'null', '"q"', 1.5, ['a']])(
    'come back from their text: %j',
    value => {
      expect(readValue(valueText(value))).toEqual(value);
    }
  );

  it('send what was changed alone, and null for what is gone', async () => {
    const { form, server } = await formOf({ a: 1, b: 'two', c: '3' });
    expect(form.isValid).toBe(false);
    form.set(0, { text: '2' });
    form.remove(1);
    form.set(2, { key: 'energy', text: '13000' });
    await form.submit();
    expect(server.bodies).toEqual([
      { did: 's:d', values: { b: null, a: 2, energy: 13000 } }
    ]);
  });

  it('send nothing while one of them is wrong', async () => {
    const { form, server } = await formOf({ a: 1 });
    const fault = () => form.fault(form.entries[1]);
    form.set(1, { key: 'x.y', text: '1' });
    expect(fault()).toBe('key');
    form.set(1, { key: '' });
    expect(fault()).toBe('key');
    form.set(1, { key: ' a ' });
    expect(fault()).toBe('twice');
    form.set(1, { key: 'b', text: '{' });
    expect(fault()).toBe('value');
    expect(form.isValid).toBe(false);
    await form.submit();
    expect(server.bodies).toEqual([]);
  });

  it('stay in the form when they are refused', async () => {
    const { form, server } = await formOf({});
    server.routes['PATCH lake/metadata'] = () =>
      refusal(400, { error: 'InvalidMetadata' });
    form.set(0, { key: 'a', text: '1' });
    await form.submit();
    expect(form.isDone).toBe(false);
    expect(form.problem?.error).toBe('InvalidMetadata');
    expect(form.entries[0].text).toBe('1');
  });
});

describe('the pace', () => {
  it('tells when the rest will have come from what was seen of it', async () => {
    let now = 1_000_000;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    let here = 0;
    let state: 'replicating' | 'available' = 'replicating';
    const statuses = new Statuses(async () =>
      status({ state, available_bytes: here })
    );
    const pace = new Pace(statuses);
    const end = () => pace.end('lake', 's:d', now)?.getTime() ?? null;
    const see = async (seconds: number, bytes: number) => {
      now += seconds * 1000;
      here = bytes;
      await statuses.ask('lake', 's:d');
    };
    await see(0, 1000);
    expect(end()).toBeNull();
    await see(10, 1000);
    expect(end()).toBeNull();
    await see(10, 2000);
    // 1,000 bytes in 20 s: 2,000 more take 40 s.
    expect(end()).toBe(now + 40_000);
    now += 41_000;
    expect(end()).toBeNull();
    state = 'available';
    await see(1, 4000);
    expect(end()).toBeNull();
    jest.restoreAllMocks();
  });
});

describe('what a notebook uses', () => {
  const ends = (left: number, life: number) => {
    const expires_at = new Date(Date.now() + left).toISOString();
    const created_at = new Date(Date.now() + left - life).toISOString();
    return status({
      state: 'available',
      expires_at,
      rules: [rule({ expires_at, created_at })]
    });
  };

  it('expires soon two days before, and a short rule in its last quarter', () => {
    expect(expiresSoon(ends(3 * DAY, 14 * DAY))).toBe(false);
    expect(expiresSoon(ends(1 * DAY, 14 * DAY))).toBe(true);
    expect(expiresSoon(ends(0.9 * DAY, DAY))).toBe(false);
    expect(expiresSoon(ends(0.2 * DAY, DAY))).toBe(true);
    expect(expiresSoon(status({ state: 'available' }))).toBe(false);
    expect(expiresSoon(ends(-DAY, 14 * DAY))).toBe(false);
    expect(expiresSoon(null)).toBe(false);
  });

  it('is told of once, with the act; nothing is told of other data', async () => {
    const warn = jest
      .spyOn(Notification, 'warning')
      .mockImplementation(() => 'n1');
    const dismiss = jest
      .spyOn(Notification, 'dismiss')
      .mockImplementation(() => undefined);
    const soon = ends(DAY, 14 * DAY);
    const { lake, server } = await cardOf({ 'GET lake/status': () => soon });
    const extended: unknown[] = [];
    tellExpiring(
      lake,
      () => [ITEM],
      item => extended.push(item),
      trans
    );
    for (const did of ['s:d', 's:d', 's:other']) {
      await lake.statuses.ask('lake', did);
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0][0]).toContain('s:d');
    const [act] = warn.mock.calls[0][1]!.actions!;
    act.callback(new MouseEvent('click'));
    expect(extended).toEqual([{ did: 's:d', instance: 'lake' }]);
    server.routes['GET lake/status'] = () => ends(14 * DAY, 28 * DAY);
    await lake.statuses.ask('lake', 's:d');
    expect(dismiss).toHaveBeenCalledWith('n1');
    jest.restoreAllMocks();
  });
});
