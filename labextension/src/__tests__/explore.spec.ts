import { ExploreModel } from '../explore/model';
import type { IEntryRow, INoteRow } from '../explore/group';
import { LakeModel } from '../lake/model';
import {
  END,
  Server,
  entry,
  instance,
  instances,
  refusal,
  settle,
  status,
  stream
} from './server';

async function explore(routes: Server['routes']) {
  const server = new Server({ 'GET instances': () => instances(), ...routes });
  const lake = new LakeModel({ settings: server.settings });
  await lake.refresh();
  const model = new ExploreModel(lake);
  const search = async (text: string) => {
    model.text = text;
    await model.search();
  };
  return { lake, model, search, server };
}

const rows = (model: ExploreModel) =>
  Array.from({ length: model.count }, (_, index) => model.row(index)!);
const dids = (model: ExploreModel) =>
  rows(model).map(row => (row.kind === 'entry' ? row.entry.did : row.note));
const entryAt = (model: ExploreModel, index: number) =>
  model.row(index) as IEntryRow;
const noteAt = (model: ExploreModel, index: number) =>
  model.row(index) as INoteRow;

describe('ExploreModel', () => {
  it('shows what was found', async () => {
    const { model, search, server } = await explore({
      'GET lake/dids': () => stream(entry('s:a'), entry('s:b'), END)
    });
    await search(' s:* ');
    expect(dids(model)).toEqual(['s:a', 's:b']);
    expect(model.phase).toBe('done');
    expect(server.requests[1]).toBe(
      'GET lake/dids?pattern=s%3A*&type=all&limit=500'
    );
    const { group, position } = entryAt(model, 1);
    expect([position, group.total]).toEqual([1, 2]);
  });

  it('asks for nothing when nothing is typed', async () => {
    const { model, search, server } = await explore({});
    await search('   ');
    expect(model.phase).toBe('idle');
    expect(server.count('GET lake/dids')).toBe(0);
  });

  it('tells nothing found from no such DID', async () => {
    const { model, search } = await explore({
      'GET lake/dids': () => stream(END)
    });
    await search('s:x*');
    expect([model.phase, model.found, model.isExact]).toEqual([
      'done',
      0,
      false
    ]);
    await search('s:x');
    expect([model.phase, model.found, model.isExact]).toEqual([
      'done',
      0,
      true
    ]);
  });

  it.each(['WildcardRefused', 'ScopeNotFound', 'AccessDenied', 'Unreachable'])(
    'tells %s',
    async error => {
      const { model, search } = await explore({
        'GET lake/dids': () => refusal(400, { error })
      });
      await search('s:*');
      expect(model.phase).toBe('problem');
      expect(model.problem?.error).toBe(error);
    }
  );

  it('gives up a search for the next one', async () => {
    let isFirst = true;
    // The whole request: its signal alone does not live as long.
    let first: Request | null = null;
    const { model, search } = await explore({
      'GET lake/dids': request => {
        if (isFirst) {
          isFirst = false;
          first = request;
          return new Promise(() => undefined);
        }
        return stream(entry('s:second'), END);
      }
    });
    void search('s:first*');
    await settle();
    await search('s:second*');
    expect(first!.signal.aborted).toBe(true);
    expect(dids(model)).toEqual(['s:second']);
  });

  it('keeps the last results in sight until there are others', async () => {
    let answer: (value: Response) => void = () => undefined;
    const { model, search, server } = await explore({
      'GET lake/dids': () => stream(entry('s:old'), END)
    });
    await search('s:o*');
    server.routes['GET lake/dids'] = () =>
      new Promise(resolve => {
        answer = resolve;
      });
    const next = search('s:n*');
    await settle();
    expect([model.phase, dids(model)]).toEqual(['asking', ['s:old']]);
    answer(stream(entry('s:new'), END));
    await next;
    expect(dids(model)).toEqual(['s:new']);
  });

  it('says that there are more, and lists more on request', async () => {
    const { model, search, server } = await explore({
      'GET lake/dids': () => stream(entry('s:a'), { ...END, truncated: true })
    });
    await search('s:*');
    expect(dids(model)).toEqual(['s:a', 'more']);
    expect(entryAt(model, 0).group.total).toBeNull();
    await model.more(noteAt(model, 1));
    expect(server.requests[2]).toContain('limit=10000');
  });

  it('keeps the rows that came before a problem', async () => {
    const problem = await refusal(502).json();
    const { model, search } = await explore({
      'GET lake/dids': () => stream(entry('s:a'), { problem })
    });
    await search('s:*');
    expect(dids(model)).toEqual(['s:a', 'problem']);
  });

  it('opens a collection into what it holds, and closes it again', async () => {
    const { model, search, server } = await explore({
      'GET lake/dids': () =>
        stream(entry('s:c', 'container'), entry('s:z', 'file'), END),
      'GET lake/contents': () =>
        stream(entry('s:c1'), entry('s:c2', 'file'), END)
    });
    await search('s:*');
    const row = entryAt(model, 0);
    const opening = model.toggle(row);
    expect(dids(model)).toEqual(['s:c', 'asking', 's:z']);
    await opening;
    expect(dids(model)).toEqual(['s:c', 's:c1', 's:c2', 's:z']);
    expect(rows(model).map(({ group }) => group.level)).toEqual([1, 2, 2, 1]);
    expect(model.parentIndex(model.row(2)!)).toBe(0);
    await model.toggle(entryAt(model, 0));
    expect(dids(model)).toEqual(['s:c', 's:z']);
    await model.toggle(entryAt(model, 0));
    expect(dids(model)).toEqual(['s:c', 's:c1', 's:c2', 's:z']);
    expect(server.count('GET lake/contents')).toBe(1);
  });

  it('says that a collection holds nothing', async () => {
    const { model, search } = await explore({
      'GET lake/dids': () => stream(entry('s:c'), END),
      'GET lake/contents': () => stream(END)
    });
    await search('s:*');
    await model.toggle(entryAt(model, 0));
    expect(dids(model)).toEqual(['s:c', 'empty']);
  });

  it('goes on where a long collection was cut', async () => {
    let isFirst = true;
    const { model, search, server } = await explore({
      'GET lake/dids': () => stream(entry('s:c'), END),
      'GET lake/contents': () => {
        const answer = isFirst
          ? stream(entry('s:1', 'file'), { ...END, truncated: true })
          : stream(entry('s:2', 'file'), END);
        isFirst = false;
        return answer;
      }
    });
    await search('s:*');
    await model.toggle(entryAt(model, 0));
    expect(dids(model)).toEqual(['s:c', 's:1', 'more']);
    await model.more(noteAt(model, 2));
    expect(dids(model)).toEqual(['s:c', 's:1', 's:2']);
    expect(entryAt(model, 2).position).toBe(1);
    expect(server.requests.pop()).toContain('offset=1');
  });

  it('drops what arrives for a row that was closed meanwhile', async () => {
    let answer: (value: Response) => void = () => undefined;
    const { model, search, server } = await explore({
      'GET lake/dids': () => stream(entry('s:c'), END),
      'GET lake/contents': () =>
        new Promise(resolve => {
          answer = resolve;
        })
    });
    await search('s:*');
    const row = entryAt(model, 0);
    const opening = model.toggle(row);
    await settle();
    await model.toggle(entryAt(model, 0));
    answer(stream(entry('s:late'), END));
    await opening;
    expect(dids(model)).toEqual(['s:c']);
    expect(entryAt(model, 0).fold).toBe('closed');
    server.routes['GET lake/contents'] = () => stream(entry('s:now'), END);
    await model.toggle(entryAt(model, 0));
    expect(dids(model)).toEqual(['s:c', 's:now']);
  });

  it('tells a problem in the branch, and tries again there', async () => {
    const { model, search, server } = await explore({
      'GET lake/dids': () => stream(entry('s:c'), entry('s:d'), END),
      'GET lake/contents': () => refusal(502)
    });
    await search('s:*');
    await model.toggle(entryAt(model, 0));
    expect(dids(model)).toEqual(['s:c', 'problem', 's:d']);
    server.routes['GET lake/contents'] = () => stream(entry('s:c1'), END);
    await model.more(noteAt(model, 1));
    expect(dids(model)).toEqual(['s:c', 's:c1', 's:d']);
  });

  it('holds a hundred thousand rows', async () => {
    const many = Array.from({ length: 100_000 }, (_, n) =>
      entry(`s:f${n}`, 'file')
    );
    const text = [...many, END].map(row => JSON.stringify(row)).join('\n');
    const { model, search } = await explore({
      'GET lake/dids': () => stream(entry('s:c'), END),
      'GET lake/contents': () => new Response(`${text}\n`)
    });
    await search('s:*');
    await model.toggle(entryAt(model, 0));
    expect(model.count).toBe(100_001);
  });

  it('selects the DID that was searched for by its name', async () => {
    const { lake, model, search } = await explore({
      'GET lake/dids': () => stream(entry('s:d'), END),
      'GET lake/status': () => status()
    });
    await search('s:*');
    expect(lake.selected).toBeNull();
    await search('rucio://s/d');
    expect(lake.selected).toEqual({
      instance: 'lake',
      did: 's:d',
      type: 'dataset'
    });
    expect(model.isSelected(entryAt(model, 0))).toBe(true);
  });

  it('goes to the instance that a reference names', async () => {
    const { lake, search, server } = await explore({
      'GET instances': () =>
        instances(instance(), instance({ name: 'sea', default: false })),
      'GET sea/dids': () => stream(END)
    });
    await search('rucio://sea@s/d*');
    expect(lake.instance?.name).toBe('sea');
    expect(server.count('GET sea/dids')).toBe(1);
  });

  it('begins anew when another instance is chosen', async () => {
    const { lake, model, search } = await explore({
      'GET instances': () =>
        instances(instance(), instance({ name: 'sea', default: false })),
      'GET lake/dids': () => stream(entry('s:d'), END)
    });
    await search('s:*');
    lake.choose('sea');
    expect(model.phase).toBe('idle');
    expect(model.count).toBe(0);
  });

  it('says that the instance of a reference is not there', async () => {
    const { lake, model, search, server } = await explore({
      'GET nowhere/dids': () => refusal(404, { error: 'InstanceNotFound' })
    });
    await search('rucio://nowhere@s/d');
    expect(model.problem?.error).toBe('InstanceNotFound');
    expect(server.count('GET lake/dids')).toBe(0);
    expect(lake.instance?.name).toBe('lake');
    await model.show({ instance: 'nowhere', did: 's:d' });
    expect(model.problem?.error).toBe('InstanceNotFound');
  });

  it('stays where it was when more is listed', async () => {
    const { model, search, server } = await explore({
      'GET lake/dids': () =>
        stream(entry('s:a'), entry('s:b'), { ...END, truncated: true })
    });
    await search('s:*');
    server.routes['GET lake/dids'] = () =>
      stream(entry('s:a'), entry('s:b'), entry('s:c'), END);
    model.activeIndex = 2;
    await model.more(noteAt(model, 2));
    expect(dids(model)).toEqual(['s:a', 's:b', 's:c']);
    expect(model.activeIndex).toBe(2);
  });

  it('keeps open what is open when more is listed', async () => {
    const { model, search, server } = await explore({
      'GET lake/dids': () =>
        stream(entry('s:a'), entry('s:b'), { ...END, truncated: true }),
      'GET lake/contents': () => stream(entry('s:a1', 'file'), END)
    });
    await search('s:*');
    await model.toggle(entryAt(model, 0));
    server.routes['GET lake/dids'] = () =>
      stream(entry('s:a'), entry('s:b'), entry('s:c'), END);
    model.activeIndex = 3;
    await model.more(noteAt(model, 3));
    expect(dids(model)).toEqual(['s:a', 's:a1', 's:b', 's:c']);
    expect(model.activeIndex).toBe(3);
    await model.toggle(entryAt(model, 0));
    expect(dids(model)).toEqual(['s:a', 's:b', 's:c']);
    expect(server.count('GET lake/contents')).toBe(1);
  });

  it('goes on with a branch that was on its way when more is listed', async () => {
    const { model, search, server } = await explore({
      'GET lake/dids': () => stream(entry('s:a'), { ...END, truncated: true }),
      'GET lake/contents': () => new Promise(() => undefined)
    });
    await search('s:*');
    void model.toggle(entryAt(model, 0));
    await settle();
    server.routes['GET lake/dids'] = () =>
      stream(entry('s:a'), entry('s:b'), END);
    await model.more(noteAt(model, 2));
    expect(dids(model)).toEqual(['s:a', 'more', 's:b']);
    server.routes['GET lake/contents'] = () => stream(entry('s:a1'), END);
    model.see(rows(model));
    await settle();
    expect(dids(model)).toEqual(['s:a', 's:a1', 's:b']);
  });

  it('gives up with its search a branch that was closed and opened again', async () => {
    const asked: Request[] = [];
    const answers: ((value: Response) => void)[] = [];
    const { model, search } = await explore({
      'GET lake/dids': () => stream(entry('s:a'), END),
      'GET lake/contents': request => {
        asked.push(request);
        return asked.length === 1
          ? stream(entry('s:1'), { ...END, truncated: true })
          : new Promise(resolve => answers.push(resolve));
      }
    });
    await search('s:*');
    await model.toggle(entryAt(model, 0));
    void model.more(noteAt(model, 2));
    await settle();
    await model.toggle(entryAt(model, 0));
    await model.toggle(entryAt(model, 0));
    void model.more(noteAt(model, 2));
    await settle();
    // What was given up ends when the next is under way.
    answers[0](stream(END));
    await settle();
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([
      false,
      true,
      false
    ]);
    await search('s:other*');
    expect(asked[2].signal.aborted).toBe(true);
  });

  it('never asks for more rows than the server lists', async () => {
    const { model, search, server } = await explore({});
    model.limit = 99_999;
    const rows = Array.from({ length: 20_000 }, (_, n) => entry(`s:f${n}`));
    const text = [...rows, { ...END, truncated: true }]
      .map(row => JSON.stringify(row))
      .join('\n');
    server.routes['GET lake/dids'] = () => new Response(`${text}\n`);
    await search('s:*');
    await model.more(noteAt(model, 20_000));
    expect(server.requests.pop()).toContain('limit=100000');
  });

  it('searches again after the login that it lacked', async () => {
    const out = instance();
    out.login = { ...out.login, state: 'expired' };
    const { lake, model, search, server } = await explore({
      'GET instances': () => instances(out),
      'GET lake/dids': () => refusal(401, { error: 'CannotAuthenticate' }),
      'POST lake/login': () => instance().login
    });
    await search('s:*');
    expect(model.phase).toBe('problem');
    server.routes['GET instances'] = () => instances();
    server.routes['GET lake/dids'] = () => stream(entry('s:a'), END);
    await lake.login('lake');
    await settle();
    expect(dids(model)).toEqual(['s:a']);
  });
});
