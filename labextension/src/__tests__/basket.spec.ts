import { BasketModel, kindOf } from '../basket/model';
import { LakeModel } from '../lake/model';
import { OpenDataModel } from '../opendata/model';
import type { BasketInfo, BasketRow, OpenItem } from '../schema';
import { END, Server, instances, job, refusal, settle, stream } from './server';

const HOST = 'https://esap.test/';

function row(id: string, more: Partial<BasketRow> = {}): BasketRow {
  return {
    id,
    archive: 'rucio',
    title: `a:${id}`,
    did: `a:${id}`,
    type: 'dataset',
    bytes: null,
    url: null,
    link: null,
    note: null,
    instance: 'lake',
    host: HOST,
    ...more
  };
}

const URL_ROW = row('u', { did: null, url: 'https://a.test/a.fits' });
const PAGE_ROW = row('p', { did: null });

function info(...items: BasketRow[]): BasketInfo {
  return {
    hosts: [{ host: HOST, problem: null, typed: false }],
    items,
    warnings: []
  };
}

async function lakeOf(routes: Server['routes']) {
  const server = new Server({ 'GET instances': () => instances(), ...routes });
  const lake = new LakeModel({ settings: server.settings });
  await lake.refresh();
  return { lake, server };
}

describe('the basket', () => {
  it('is asked for when it is looked at first, and not again', async () => {
    const { lake, server } = await lakeOf({ 'GET basket': () => info() });
    const model = new BasketModel(lake);
    expect(server.count('GET basket')).toBe(0);
    model.isActive = true;
    await settle();
    model.isActive = false;
    model.isActive = true;
    await settle();
    expect(server.count('GET basket')).toBe(1);
    expect(model.info?.hosts).toHaveLength(1);
  });

  it('tells items of lakes, of archives, and those to look at apart', () => {
    expect([row('a'), URL_ROW, PAGE_ROW].map(kindOf)).toEqual([
      'lake',
      'url',
      'page'
    ]);
  });

  it('makes available what is of a known lake, and downloads what is somewhere', async () => {
    const all = [row('a'), row('b', { instance: null }), URL_ROW, PAGE_ROW];
    const { lake, server } = await lakeOf({
      'GET basket': () => info(...all),
      'POST basket/download': () => [
        { id: 'a', job: job(), problem: null },
        {
          id: 'b',
          job: null,
          problem: {
            error: 'InvalidInput',
            message: '',
            blame: 'you',
            remedy: '',
            details: {}
          }
        },
        { id: 'u', job: job(), problem: null }
      ]
    });
    const model = new BasketModel(lake);
    await model.load();
    model.choose(model.rows, true);
    expect(model.chosenDIDs.map(({ did }) => did)).toEqual(['a:a']);
    expect(await model.download('in', true)).toBe(2);
    expect(server.bodies).toEqual([
      { ids: ['a', 'b', 'u'], folder: 'in', overwrite: true }
    ]);
    expect(model.failure(all[1])?.error).toBe('InvalidInput');
    expect(model.chosen.map(({ id }) => id)).toEqual(['b', 'p']);
  });

  it('sends a typed token to one ESAP and keeps none', async () => {
    const { lake, server } = await lakeOf({
      'POST basket/read': () => info(row('a'))
    });
    const model = new BasketModel(lake);
    await model.read(HOST, 'secret');
    expect(server.bodies).toEqual([{ host: HOST, token: 'secret' }]);
    expect(JSON.stringify(model.info)).not.toContain('secret');
    await model.read();
    expect(server.bodies[1]).toEqual({ host: null, token: null });
    await model.read(HOST, '');
    expect(server.bodies[2]).toEqual({ host: HOST, token: '' });
  });

  it('shows a refusal and what it had; what is gone is chosen no more', async () => {
    let answer: () => unknown = () => info(row('b'));
    const { lake } = await lakeOf({
      'GET basket': () => info(row('a'), row('b')),
      'POST basket/remove': () => answer()
    });
    const model = new BasketModel(lake);
    await model.load();
    model.choose(model.rows, true);
    answer = () => refusal(502);
    await model.remove([model.rows[0]]);
    expect(model.problem?.error).toBe('RucioFailed');
    expect(model.rows).toHaveLength(2);
    answer = () => info(row('b'));
    await model.remove([model.rows[0]]);
    expect(model.problem).toBeNull();
    expect(model.chosen.map(({ id }) => id)).toEqual(['b']);
  });

  it('throws what is wrong with a pasted text, for its dialog', async () => {
    const { lake } = await lakeOf({ 'POST basket/import': () => refusal(400) });
    const model = new BasketModel(lake);
    await expect(model.add({ text: 'x' })).rejects.toThrow('It failed');
    expect(model.problem).toBeNull();
  });
});

const ITEM: OpenItem = {
  did: 'a:open',
  state: 'public',
  doi: null,
  record_id: null,
  metadata: null,
  created_at: null,
  updated_at: null,
  bytes: null,
  files: null
};

describe('open data', () => {
  it('is asked for when it is opened, and for another instance again', async () => {
    const { lake, server } = await lakeOf({
      'GET lake/opendata': () => stream(ITEM, END)
    });
    const model = new OpenDataModel(lake);
    expect(server.count('GET lake/opendata')).toBe(0);
    model.isOpen = true;
    await settle();
    expect(model.items).toEqual([ITEM]);
    model.isOpen = false;
    model.isOpen = true;
    await settle();
    expect(server.count('GET lake/opendata')).toBe(1);
  });

  it('shows the files of the item that is folded out', async () => {
    const whole = { ...ITEM, doi: '10.1/a', bytes: 1, files: [] };
    const { lake, server } = await lakeOf({
      'GET lake/opendata': () => stream(ITEM, END),
      'GET lake/opendata/item': () => whole,
      'POST lake/opendata/downloads': () => job()
    });
    const model = new OpenDataModel(lake);
    model.isOpen = true;
    await settle();
    await model.toggle(ITEM);
    expect(model.item).toEqual(whole);
    await model.download(ITEM.did, 'in', false);
    expect(server.bodies).toEqual([
      { did: 'a:open', folder: 'in', overwrite: false }
    ]);
    await model.toggle(ITEM);
    expect(model.item).toBeNull();
  });

  it('says why there is none', async () => {
    const { lake } = await lakeOf({
      'GET lake/opendata': () => refusal(404, { error: 'NotThere' })
    });
    const model = new OpenDataModel(lake);
    model.isOpen = true;
    await settle();
    expect(model.problem?.error).toBe('NotThere');
    expect(model.items).toEqual([]);
  });
});
