import { nullTranslator } from '@jupyterlab/translation';

import { AvailableModel } from '../available/model';
import { comingText } from '../available/preview';
import { qosText } from '../available/where';
import { LakeModel } from '../lake/model';
import type { RulePreview } from '../schema';
import {
  Server,
  granted,
  instances,
  refusal,
  rule,
  settle,
  status
} from './server';

const DAY = 86400;
const ITEM = { instance: 'lake', did: 's:d', type: 'dataset' as const };
const trans = nullTranslator.load('jupyter_dlaas');

function preview(more: Partial<RulePreview> = {}): RulePreview {
  return {
    did: 's:d',
    rse_expression: 'MOUNT',
    rses: ['MOUNT'],
    files: 4,
    bytes: 4000,
    present_files: 0,
    present_bytes: 0,
    tape: false,
    quota_left: null,
    lifetime: 14 * DAY,
    expires_at: '2030-01-01T00:00:00Z',
    rule: null,
    problem: null,
    ...more
  };
}

async function lakeOf(routes: Server['routes']) {
  const server = new Server({
    'GET instances': () => instances(),
    'GET lake/status': () => status(),
    'POST lake/rules/check': () => preview(),
    ...routes
  });
  const lake = new LakeModel({ settings: server.settings });
  await lake.refresh();
  return { lake, server };
}

/**
 * Wait until what was entered has been checked.
 */
async function checked(form: AvailableModel): Promise<void> {
  for (let turn = 0; turn < 200 && form.isChecking; turn += 1) {
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  await settle();
}

describe('AvailableModel', () => {
  it('proposes the lifetime of the instance and shows what was granted', async () => {
    const { lake, server } = await lakeOf({
      'POST lake/rules': () => granted()
    });
    const form = new AvailableModel(lake, ITEM);
    expect(form.lifetime.preset).toBe(14 * DAY);
    await form.submit();
    expect(server.bodies[1]).toEqual({ did: 's:d', lifetime: 14 * DAY });
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
    expect(server.bodies[1]).toEqual({ did: 's:d', until: `${until}Z` });
  });

  it('sends nothing that cannot be right', async () => {
    const { lake, server } = await lakeOf({});
    const form = new AvailableModel(lake, ITEM);
    form.lifetime = { ...form.lifetime, kind: 'days', days: '0' };
    expect(form.isValid).toBe(false);
    await form.submit();
    expect(server.requests).not.toContain('POST lake/rules');
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
    expect(server.bodies.at(-1)).toMatchObject({ did: 's:d', extend: true });
    expect([form.isDone, form.wasExtended]).toEqual([true, true]);
  });

  it('sends once however often it is clicked', async () => {
    const { lake, server } = await lakeOf({
      'POST lake/rules': () => granted()
    });
    const form = new AvailableModel(lake, ITEM);
    await Promise.all([form.submit(), form.submit()]);
    await form.submit();
    expect(server.requests.filter(each => each === 'POST lake/rules')).toEqual([
      'POST lake/rules'
    ]);
  });

  it('says what it would mean before it is done, and checks what is entered last', async () => {
    const { lake, server } = await lakeOf({});
    const form = new AvailableModel(lake, ITEM);
    await checked(form);
    expect(form.preview?.bytes).toBe(4000);
    for (const days of ['1', '12', '123']) {
      form.lifetime = { ...form.lifetime, kind: 'days', days };
    }
    expect(form.isChecking).toBe(true);
    await checked(form);
    expect(server.bodies).toEqual([
      { did: 's:d', lifetime: 14 * DAY },
      { did: 's:d', lifetime: 123 * DAY }
    ]);
    form.dispose();
  });

  it('shows what stands in the way before the click', async () => {
    const problem = await refusal(200, {
      error: 'InsufficientAccountLimit'
    }).json();
    const { lake } = await lakeOf({
      'POST lake/rules/check': () => preview({ problem })
    });
    const form = new AvailableModel(lake, ITEM);
    await checked(form);
    expect(form.obstacle?.error).toBe('InsufficientAccountLimit');
  });

  it('shows that it could not be checked, and no old answer to another question', async () => {
    const { lake, server } = await lakeOf({});
    const form = new AvailableModel(lake, ITEM);
    await checked(form);
    let answer: (value: unknown) => void = () => undefined;
    server.routes['POST lake/rules/check'] = () =>
      new Promise(resolve => {
        answer = resolve;
      });
    form.more = { ...form.more, place: 'rse:SOUTH' };
    await new Promise(resolve => setTimeout(resolve, 500));
    server.routes['POST lake/rules/check'] = () =>
      refusal(503, { error: 'Unreachable' });
    form.more = { ...form.more, place: 'rse:NORTH' };
    answer(preview({ rses: ['SOUTH'] }));
    await checked(form);
    expect(form.preview?.rses).toEqual(['MOUNT']);
    expect(form.obstacle?.error).toBe('Unreachable');
  });

  it('asks for another place, copies and an activity only where they are chosen', async () => {
    const { lake, server } = await lakeOf({
      'POST lake/rules': () => granted(),
      'GET lake/qos': () => [
        { label: 'SAFE', expression: 'QOS=SAFE', rses: [] }
      ],
      'GET lake/rses': () => [
        {
          name: 'NORTH',
          site: null,
          qos: null,
          writable: true,
          attributes: {}
        },
        { name: 'OLD', site: null, qos: null, writable: false, attributes: {} }
      ]
    });
    const form = new AvailableModel(lake, ITEM);
    await Promise.all([form.askPlaces(), form.askPlaces()]);
    expect(server.count('GET lake/rses')).toBe(1);
    expect(form.places?.rses.map(({ name }) => name)).toEqual(['NORTH']);
    form.more = { place: 'qos:SAFE', copies: '2', activity: 'DAC21' };
    await form.submit();
    expect(server.bodies.at(-1)).toEqual({
      did: 's:d',
      lifetime: 14 * DAY,
      qos: 'SAFE',
      copies: 2,
      activity: 'DAC21'
    });
  });

  it('takes whole numbers of copies alone', async () => {
    const { lake } = await lakeOf({});
    const form = new AvailableModel(lake, ITEM);
    for (const copies of ['', '0', '-1', '1.5', 'two']) {
      form.more = { ...form.more, copies };
      expect(form.isValid).toBe(false);
    }
    form.more = { ...form.more, copies: '2' };
    expect(form.isValid).toBe(true);
  });

  it('offers to extend a rule that the check has found', async () => {
    const problem = await refusal(200, { error: 'DuplicateRule' }).json();
    const { lake } = await lakeOf({
      'POST lake/rules/check': () => preview({ problem, rule: rule() })
    });
    const form = new AvailableModel(lake, ITEM);
    await checked(form);
    expect(form.canExtend).toBe(true);
  });

  it('says what a quality of service means, also one that it does not know', () => {
    const qos = { label: 'SAFE', expression: 'QOS=SAFE', rses: ['A', 'B'] };
    expect(qosText(qos, trans)).toContain('cannot be made again: A, B');
    expect(qosText({ ...qos, label: 'NEW' }, trans)).toBe('A, B');
  });
});

describe('what would be copied', () => {
  it.each([
    [{}, 1, '4.00\u00a0kB would be copied to MOUNT.'],
    [{ rses: ['A', 'B'] }, 1, '4.00\u00a0kB would be copied to one of A, B.'],
    [
      { rses: ['A', 'B', 'C'], present_files: 4, present_bytes: 4000 },
      2,
      '4.00\u00a0kB each would be copied to 2 of A, B, C, but for what is there already.'
    ],
    [
      { rses: [...'ABCDEF'], rse_expression: 'tier=2' },
      1,
      '4.00\u00a0kB would be copied to one of tier=2.'
    ],
    [
      { present_files: 1, present_bytes: 1000 },
      1,
      '3.00\u00a0kB would be copied to MOUNT: 1 of 4 files are there already.'
    ],
    [
      { present_files: 4, present_bytes: 4000 },
      1,
      'All of it is on MOUNT already: nothing is copied.'
    ]
  ])('%j in %d copies: %s', (more, copies, words) => {
    expect(comingText(preview(more), copies, trans)).toBe(words);
  });
});
