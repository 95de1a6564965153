import type { IEntryRow } from '../explore/group';
import { ExploreModel } from '../explore/model';
import { toPatterns } from '../explore/typed';
import { LakeModel } from '../lake/model';
import type { LookUpRequest, Problem, Sought } from '../schema';
import {
  END,
  Server,
  entry,
  instance,
  instances,
  json,
  refusal,
  settle,
  stream
} from './server';

const problem = (error: string): Problem => ({
  error,
  message: 'It is not there.',
  blame: 'you',
  remedy: 'Check the name.',
  details: {}
});

function sought(name: string, more: Partial<Sought> = {}): Sought {
  return {
    name,
    entries: more.missing ? [] : [entry(name)],
    done: true,
    truncated: false,
    missing: null,
    ...more
  };
}

/**
 * A server that finds what `find` says, which is asked for each name.
 */
async function explore(
  find: (name: string, request: LookUpRequest) => unknown[] = name => [
    sought(name)
  ],
  routes: Server['routes'] = {}
) {
  const requests: LookUpRequest[] = [];
  const server: Server = new Server({
    'GET instances': () =>
      instances(instance(), instance({ name: 'other', default: false })),
    'POST lake/lookup': () => {
      const request = server.bodies[server.bodies.length - 1] as LookUpRequest;
      requests.push(request);
      const lines = request.names.flatMap(name => find(name, request));
      return new Response(
        [...lines, END].map(line => `${JSON.stringify(line)}\n`).join('')
      );
    },
    ...routes
  });
  const lake = new LakeModel({ settings: server.settings });
  await lake.refresh();
  const model = new ExploreModel(lake);
  const shown = () =>
    Array.from(
      { length: model.found },
      (_, index) => (model.row(index) as IEntryRow).entry.did
    );
  return { model, requests, server, shown };
}

const missing = (model: ExploreModel) =>
  model.missing.map(({ problem, text }) => [text, problem?.error]);

describe('a list of names', () => {
  it('is asked for at once, shown in its order, and each that is missing says why', async () => {
    const { model, requests, server, shown } = await explore(name =>
      name === 's:none'
        ? [sought(name, { missing: problem('DataIdentifierNotFound') })]
        : name === 's:secret'
          ? [sought(name, { missing: problem('AccessDenied') })]
          : name.startsWith('t:')
            ? [sought(name, { missing: problem('ScopeNotFound') })]
            : [sought(name)]
    );
    model.text = 's:b s:none t:x s:secret rucio://s/a';
    await model.search();
    expect(shown()).toEqual(['s:b', 's:a']);
    expect(missing(model)).toEqual([
      ['s:none', 'DataIdentifierNotFound'],
      ['t:x', 'ScopeNotFound'],
      ['s:secret', 'AccessDenied']
    ]);
    expect([model.phase, model.asked, model.lookedUp]).toEqual(['done', 5, 5]);
    expect(requests).toEqual([
      {
        names: ['s:b', 's:none', 't:x', 's:secret', 's:a'],
        type: 'all',
        limit: 500,
        where: ''
      }
    ]);
    expect(server.count('GET lake/dids')).toBe(0);
  });

  it('of ten thousand takes ten questions, says how far it is, and is no recent search', async () => {
    const { model, requests, shown } = await explore();
    const names = Array.from({ length: 10_000 }, (_, n) => `s:number.${n}`);
    model.text = names.join('\n');
    const far = new Set<number>();
    model.stateChanged.connect(() => far.add(model.lookedUp));
    await model.search();
    expect(requests.map(({ names }) => names.length)).toEqual(
      Array.from({ length: 10 }, () => 1000)
    );
    expect(shown()).toEqual(names);
    expect([model.asked, model.lookedUp]).toEqual([10_000, 10_000]);
    expect([...far].some(count => count > 0 && count < 10_000)).toBe(true);
    expect(model.searches.recent).toEqual([]);
  });

  it('sends type and filters with it, and searches again when one changes', async () => {
    const { model, requests } = await explore();
    model.filters = [{ key: 'energy', operator: '>', value: '7' }];
    model.text = 's:a s:b';
    await model.search();
    model.type = 'file';
    await settle();
    expect(requests.map(({ type, where }) => [type, where])).toEqual([
      ['all', 'energy > 7'],
      ['file', 'energy > 7']
    ]);
  });

  it('may hold patterns, of which more can be asked for', async () => {
    const { model, requests, shown } = await explore((name, { limit }) =>
      name.includes('*')
        ? [
            sought(name, { entries: [entry('s:m1')], done: false }),
            sought(name, { entries: [entry('s:m2')], truncated: limit === 500 })
          ]
        : [sought(name)]
    );
    model.text = 's:m* s:z';
    await model.search();
    expect(shown()).toEqual(['s:m1', 's:m2', 's:z']);
    expect([model.lookedUp, model.isTruncated]).toEqual([2, true]);
    await model.more(model.row(3) as never);
    expect(requests.map(({ limit }) => limit)).toEqual([500, 10_000]);
    expect(model.isTruncated).toBe(false);
  });

  it('asks no lake for what is in another, and says so in its place', async () => {
    const { model, requests, shown } = await explore(name =>
      name === 's:none'
        ? [sought(name, { missing: problem('DataIdentifierNotFound') })]
        : [sought(name)]
    );
    model.text = 'lake@s:a other@s:b s:none other@s:c s:d rucio://other@s/e';
    await model.search();
    expect(requests.map(({ names }) => names)).toEqual([
      ['s:a', 's:none', 's:d']
    ]);
    expect(shown()).toEqual(['s:a', 's:d']);
    expect(missing(model)).toEqual([
      ['other@s:b', undefined],
      ['s:none', 'DataIdentifierNotFound'],
      ['other@s:c', undefined],
      ['rucio://other@s/e', undefined]
    ]);
    expect(model.lookedUp).toBe(6);
  });

  it('keeps what it found when the lake goes down, and what was missing', async () => {
    const { model, shown } = await explore(undefined, {
      'POST lake/lookup': () =>
        stream(
          sought('s:a'),
          sought('s:b', { missing: problem('ScopeNotFound') }),
          { problem: { ...problem('Unreachable'), blame: 'network' } }
        )
    });
    model.text = 's:a s:b s:c';
    await model.search();
    expect(shown()).toEqual(['s:a']);
    expect(missing(model)).toEqual([['s:b', 'ScopeNotFound']]);
    expect([model.phase, model.row(1)]).toMatchObject([
      'done',
      { kind: 'note', note: 'problem' }
    ]);
  });

  it('ends by a lake that is down', async () => {
    const { model } = await explore(undefined, {
      'POST lake/lookup': () =>
        refusal(503, { error: 'Unreachable', blame: 'network' })
    });
    model.text = 's:a s:b';
    await model.search();
    expect([model.phase, model.problem?.error]).toEqual([
      'problem',
      'Unreachable'
    ]);
  });

  it('is given up with its requests when something else is searched for', async () => {
    let isGone = false;
    const { model, requests } = await explore(undefined, {
      'POST lake/lookup': request => {
        request.signal.addEventListener('abort', () => (isGone = true));
        return new Promise<Response>(() => undefined);
      },
      'GET lake/dids': () => stream(entry('s:one'), END)
    });
    model.text = Array.from({ length: 3000 }, (_, n) => `s:${n}`).join(' ');
    void model.search();
    await settle();
    model.text = 's:one';
    await model.search();
    expect(isGone).toBe(true);
    expect([model.found, model.asked, requests.length]).toEqual([1, 1, 0]);
  });

  it('is asked for again when an answer can be had again', async () => {
    let isDown = true;
    const { model, shown } = await explore(undefined, {
      'POST lake/lookup': () =>
        isDown
          ? refusal(502, { error: 'JupyterUnreachable', blame: 'network' })
          : stream(sought('s:a'), sought('s:b'), END)
    });
    model.text = 's:a s:b';
    await model.search();
    expect(model.phase).toBe('problem');
    isDown = false;
    const { changes } = model.lake as unknown as {
      changes: { lost: { emit(value: void): void } };
    };
    changes.lost.emit(undefined);
    await settle();
    expect([model.phase, shown()]).toEqual(['done', ['s:a', 's:b']]);
  });
});

describe('the scopes', () => {
  it('that could not be had are asked for again when an answer can be had again', async () => {
    let isDown = true;
    const { model } = await explore(undefined, {
      'GET lake/scopes': () =>
        isDown ? refusal(502, { blame: 'network' }) : json(['s', 't'])
    });
    model.isActive = true;
    await settle();
    isDown = false;
    const { changes } = model.lake as unknown as {
      changes: { lost: { emit(value: void): void } };
    };
    changes.lost.emit(undefined);
    await settle();
    expect(model.found).toBe(2);
  });
});

it('one name that stands in a list twice, or with a comma, is one name', () => {
  for (const text of ['s:a s:a', 's:a,', "['s:a']"]) {
    expect(toPatterns(text).map(({ pattern }) => pattern)).toEqual(['s:a']);
  }
});

it('what is no name among several is left for the server to tell', () => {
  const found = toPatterns('s:a nonsense s:b').map(({ pattern }) => pattern);
  expect(found).toEqual(['s:a', 'nonsense', 's:b']);
});
