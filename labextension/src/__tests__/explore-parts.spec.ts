import type * as React from 'react';

import { Entries } from '../explore/entries';
import { toWhere } from '../explore/filters';
import { ExploreModel } from '../explore/model';
import { Scroll } from '../explore/scroll';
import type { IState } from '../explore/searches';
import { Searches } from '../explore/searches';
import type { IEntryRow } from '../explore/group';
import { Group } from '../explore/group';
import { onTreeKey } from '../explore/keys';
import { Tree } from '../explore/tree';
import { toPatterns } from '../explore/typed';
import { LakeModel } from '../lake/model';
import {
  END,
  Server,
  entry,
  instances,
  settle,
  status,
  stream
} from './server';

const file = (n: number) => entry(`s:f${n}`, 'file', { bytes: n });

async function explore(routes: Server['routes']) {
  const server = new Server({ 'GET instances': () => instances(), ...routes });
  const lake = new LakeModel({ settings: server.settings });
  await lake.refresh();
  return { lake, model: new ExploreModel(lake), server };
}

describe('toPatterns', () => {
  const patterns = (text: string) =>
    toPatterns(text).map(({ pattern }) => pattern);

  it.each([
    ['s:a\ns:b\r\n\ns:c', ['s:a', 's:b', 's:c']],
    ['s:a, s:b;s:c  s:a', ['s:a', 's:b', 's:c']],
    ['[\'s:a\', "s:b"]', ['s:a', 's:b']],
    ['rucio://x@s/a/b rucio://s/c', ['s:a/b', 's:c']],
    ['s:only', ['s:only']],
    ['s:name with spaces', ['s:name with spaces']],
    ['  ', []]
  ])('reads %j', (text, expected) => {
    expect(patterns(text)).toEqual(expected);
  });
});

describe('toWhere', () => {
  it.each([
    [{ key: 'energy', operator: '>=', value: '13000' }, 'energy >= 13000'],
    [{ key: 'kind', operator: 'like', value: 'mc*' }, 'kind like mc*'],
    [{ key: 'title', operator: '=', value: 'a; b' }, 'title = "a; b"'],
    [{ key: 'run', operator: '=', value: '"0042"' }, 'run = "0042"'],
    [{ key: 'joint', operator: '!=', value: 'and' }, 'joint != "and"'],
    [{ key: 'of whom', operator: '=', value: 'x' }, '"of whom" = x']
  ])('writes %j', (filter, expected) => {
    expect(toWhere([filter])).toBe(expected);
  });

  it('joins conditions by and', () => {
    const one = { key: 'a', operator: '=', value: '1' };
    expect(toWhere([one, { ...one, key: 'b' }])).toBe('a = 1 and b = 1');
  });
});

describe('Entries', () => {
  it('gives back what was put in, also from full blocks', () => {
    const entries = new Entries();
    const given = Array.from({ length: 5000 }, (_, n) =>
      n % 3 ? file(n) : entry(`s:d:${n}é`, 'dataset', { files: n || null })
    );
    entries.append(given);
    expect(entries.length).toBe(5000);
    for (const n of [0, 1, 1023, 1024, 4999, 3]) {
      expect({ ...entries.at(n), adler32: null }).toEqual(given[n]);
    }
  });
});

describe('Tree', () => {
  const shown = (tree: Tree) =>
    Array.from({ length: tree.count }, (_, index) => {
      const row = tree.row(index)!;
      expect(tree.indexOf(row)).toBe(index);
      return row.kind === 'entry' ? row.entry.did : row.note;
    });
  const filled = (group: Group, ...names: string[]) => {
    group.append(names.map(name => entry(name)));
    group.setNote(null);
    return group;
  };

  it('finds each row and its index, however groups lie in each other', () => {
    const tree = new Tree();
    filled(tree.root, 'a', 'b', 'c');
    const c = tree.root.open(2);
    const a = filled(tree.root.open(0), 'a1', 'a2');
    expect(shown(tree)).toEqual(['a', 'a1', 'a2', 'b', 'c', 'asking']);
    filled(a.open(1), 'a2x', 'a2y');
    filled(c, 'c1');
    expect(shown(tree)).toEqual('a a1 a2 a2x a2y b c c1'.split(' '));
    a.close();
    expect(shown(tree)).toEqual(['a', 'b', 'c', 'c1']);
    expect(tree.indexOf({ group: a, position: 1 })).toBe(-1);
    tree.root.open(0);
    expect(shown(tree)).toEqual('a a1 a2 a2x a2y b c c1'.split(' '));
    expect(tree.parentIndex(tree.row(3)!)).toBe(2);
  });

  it('agrees with a plain list after many random steps', () => {
    interface INode {
      name: string;
      open: boolean;
      inner: INode[];
    }
    const tree = new Tree();
    const plain: INode[] = [];
    let seed = 7;
    const random = (most: number) => {
      seed = (seed * 16807) % 2147483647;
      return seed % most;
    };
    const flat = (nodes: INode[]): string[] =>
      nodes.flatMap(({ inner, name, open }) => [
        name,
        ...(open ? flat(inner) : [])
      ]);
    const at = (nodes: INode[], group: Group): INode[] =>
      group.parent ? at(nodes, group.parent)[group.position].inner : nodes;
    const add = (group: Group) => {
      const names = Array.from(
        { length: 1 + random(4) },
        () => `n${random(1e9)}`
      );
      at(plain, group).push(
        ...names.map(name => ({ name, open: false, inner: [] }))
      );
      filled(group, ...names);
    };
    add(tree.root);
    for (let step = 0; step < 400; step += 1) {
      const row = tree.row(random(tree.count)) as IEntryRow;
      const { group, position } = row;
      const node = at(plain, group)[position];
      if (node.open) {
        group.branch(position)!.close();
      } else {
        const inner = group.open(position);
        if (inner.note === 'asking') {
          add(inner);
        }
      }
      node.open = !node.open;
      if (step % 5 === 0) {
        add(group);
      }
      expect(shown(tree)).toEqual(flat(plain));
    }
  });
});

describe('Scroll', () => {
  const view = 480;

  it('is the browser’s own where the browser can draw it all', () => {
    const scroll = new Scroll();
    expect(scroll.follow(100_000, 1_000_000, view)).toBe(100_000);
    expect([scroll.shift, Scroll.drawn(1_000_000)]).toEqual([0, 1_000_000]);
  });

  it('reaches every pixel of a list that no browser can draw', () => {
    const height = 24_000_000 * 5;
    const drawn = Scroll.drawn(height);
    const scroll = new Scroll();
    let top = 0;
    for (let place = 0; place < height - view; place += 997_331) {
      top = scroll.to(place, height, view);
      expect(scroll.place).toBe(place);
      expect(top).toBeGreaterThanOrEqual(0);
      expect(top).toBeLessThanOrEqual(drawn - view);
      // A turn of the wheel goes as far as everywhere.
      scroll.follow(top + 100, height, view);
      expect(scroll.place).toBe(Math.min(place + 100, height - view));
    }
    scroll.follow(drawn - view, height, view);
    expect(scroll.place).toBe(height - view);
    scroll.follow(0, height, view);
    expect(scroll.place).toBe(0);
  });
});

describe('Searches', () => {
  const search = (text: string) => ({
    instance: 'lake',
    text,
    type: 'all' as const,
    filters: []
  });
  const state = () => {
    const kept = new Map<string, unknown>();
    const store: IState = {
      fetch: async id => kept.get(id),
      save: async (id, value) => kept.set(id, JSON.parse(JSON.stringify(value)))
    };
    return { kept, store };
  };

  it('keeps what two pages save, and the last eight that were made', async () => {
    const { store } = state();
    const [one, two] = [new Searches(() => {}), new Searches(() => {})];
    await one.follow(store);
    await two.follow(store);
    await one.save(search('s:a'), true);
    await two.save(search('s:b'), true);
    for (let n = 0; n < 10; n += 1) {
      await two.remember(search(`s:${n % 9}*`));
    }
    const later = new Searches(() => {});
    await later.follow(store);
    expect(later.saved.map(({ text }) => text)).toEqual(['s:a', 's:b']);
    expect(later.recent.map(({ text }) => text[2]).join('')).toBe('08765432');
    await later.save(search('s:a'), false);
    expect(later.isSaved(search('s:a'))).toBe(false);
  });

  it('lives with a state that holds something else', async () => {
    const { kept, store } = state();
    kept.set('jupyter-dlaas:searches', ['odd']);
    const searches = new Searches(() => {});
    await searches.follow(store);
    await searches.save(search('s:a'), true);
    expect(searches.saved).toHaveLength(1);
  });
});

describe('ExploreModel', () => {
  it('sends the filters, and searches again when one changes', async () => {
    const { model, server } = await explore({
      'GET lake/dids': () => stream(END)
    });
    model.text = 's:*';
    model.filters = [{ key: 'energy', operator: '>', value: '1' }];
    expect(server.count('GET lake/dids')).toBe(0);
    await model.search();
    model.filters = [];
    await settle();
    const asked = server.requests.filter(each => each.includes('dids'));
    expect(asked.map(each => /where=([^&]*)/.exec(each)?.[1])).toEqual([
      'energy+%3E+1',
      undefined
    ]);
  });

  it('proposes once the typing rests, and takes no proposal by Enter alone', async () => {
    const { model, server } = await explore({
      'GET lake/complete': () => ['s:abc', 's:abd'],
      'GET lake/dids': () => stream(END)
    });
    model.write('s:a');
    model.write('s:ab');
    await new Promise(resolve => setTimeout(resolve, 250));
    await settle();
    expect(server.requests.filter(each => each.includes('complete'))).toEqual([
      'GET lake/complete?text=s%3Aab&limit=12'
    ]);
    expect([model.completion.options.length, model.completion.index]).toEqual([
      2, -1
    ]);
    model.completion.move(1);
    model.completion.move(1);
    expect(model.completion.index).toBe(1);
    model.take('s:abd');
    await settle();
    expect([model.text, model.pattern, model.completion.options]).toEqual([
      's:abd',
      's:abd',
      []
    ]);
  });

  it('lists the scopes before a search, and what is filed in one', async () => {
    const { lake, model, server } = await explore({
      'GET lake/scopes': () => ['s', 't'],
      'GET lake/dids': request =>
        request.url.includes('type=collection')
          ? stream(END)
          : stream(file(1), END)
    });
    lake.instance!.wildcard_enabled = true;
    model.isActive = true;
    await settle();
    expect([model.isBeginning, model.count]).toEqual([true, 2]);
    await model.toggle(model.row(0) as IEntryRow);
    expect((model.row(1) as IEntryRow).entry.did).toBe('s:f1');
    expect(server.count('GET lake/scopes?all=1')).toBe(1);
  });

  it('offers to search a scope that may not be listed', async () => {
    const { model, server } = await explore({ 'GET lake/scopes': () => ['s'] });
    model.isActive = true;
    await settle();
    await model.toggle(model.row(0) as IEntryRow);
    expect([model.text, model.focusRequests]).toEqual(['s:', 1]);
    expect(server.count('GET lake/dids')).toBe(0);
    model.completion.close();
  });

  it('goes on to the end of a long collection when all of it is wanted', async () => {
    const total = 4500;
    const { model, server } = await explore({
      'GET lake/dids': () =>
        stream(entry('s:d', 'dataset', { files: total }), END),
      'GET lake/contents': request => {
        const query = new URL(request.url).searchParams;
        const from = Number(query.get('offset'));
        const to = Math.min(
          from + Math.min(Number(query.get('limit')), 1500),
          total
        );
        const rows = Array.from({ length: to - from }, (_, n) =>
          JSON.stringify(file(from + n))
        );
        const end = JSON.stringify({ ...END, truncated: to < total });
        return new Response([...rows, end].join('\n') + '\n');
      }
    });
    model.text = 's:*';
    await model.search();
    await model.toggle(model.row(0) as IEntryRow);
    const note = model.row(1001)!;
    expect(note.group.total).toBe(total);
    await (note.kind === 'note' && model.more(note, true));
    expect(model.count).toBe(total + 1);
    expect((model.row(total) as IEntryRow).entry.did).toBe(`s:f${total - 1}`);
    expect(server.count('GET lake/contents')).toBe(4);
    expect(model.find('f44', 1)).toBe(45);
  });

  describe('while rows arrive', () => {
    /**
     * A dataset of some rows, a next one behind it, and a key that is pressed on the tree.
     */
    async function walk() {
      const all = await explore({
        'GET lake/dids': () => stream(entry('s:d'), entry('s:next'), END),
        'GET lake/contents': () =>
          stream(file(0), file(1), { ...END, truncated: true })
      });
      const { model } = all;
      model.text = 's:*';
      await model.search();
      await model.toggle(model.row(0) as IEntryRow);
      const { group } = model.row(1)!;
      const press = (key: string) => {
        const event = { key, preventDefault() {}, stopPropagation() {} };
        onTreeKey(event as React.KeyboardEvent, model, 10, () => undefined);
      };
      const arrive = (...numbers: number[]) => group.append(numbers.map(file));
      const active = () => {
        const row = model.row(model.activeIndex)!;
        return row.kind === 'entry' ? row.entry.did : row.note;
      };
      return { ...all, active, arrive, group, press };
    }

    it('stays on the row that was chosen, also on a note', async () => {
      const { active, arrive, group, press } = await walk();
      press('End');
      arrive(2, 3);
      expect(active()).toBe('s:next');
      press('ArrowUp');
      expect(active()).toBe('more');
      arrive(4, 5);
      expect(active()).toBe('more');
      press('Enter');
      expect(group.isAll).toBe(true);
    });

    it.each([
      ['ArrowDown', 's:f2'],
      ['ArrowUp', 's:f1'],
      ['PageUp', 's:d'],
      ['PageDown', 's:next'],
      ['End', 's:next'],
      ['ArrowLeft', 's:d']
    ])(
      'goes by %s from where a note was to what is beside it',
      async (key, expected) => {
        const { active, arrive, model, press } = await walk();
        model.activeIndex = 3;
        expect(active()).toBe('more');
        arrive(2, 3, 4);
        press(key);
        expect(active()).toBe(expected);
      }
    );

    it('goes on with what took the place of a note', async () => {
      const { active, arrive, group, model, press } = await walk();
      model.activeIndex = 3;
      arrive(2, 3, 4);
      group.finish(false);
      expect(active()).toBe('s:f2');
      press('ArrowDown');
      expect(active()).toBe('s:f3');
    });
  });

  it('asks for the availability of what rests in sight, and lets go of the rest', async () => {
    const { lake, model, server } = await explore({
      'GET lake/status': () => status(),
      'POST lake/dates': () => ({ 's:f1': '2026-01-02T00:00:00Z' })
    });
    model.isActive = true;
    model.sight.show(['s:f9']);
    model.sight.show(['s:f1', 's:f2']);
    await new Promise(resolve => setTimeout(resolve, 400));
    await settle();
    expect(server.count('GET lake/status')).toBe(2);
    expect(model.sight.date('s:f1')).toBe('2026-01-02T00:00:00Z');
    lake.statuses.hint('lake', 's:f2');
    await settle();
    expect(server.count('GET lake/status')).toBe(3);
    model.isActive = false;
    lake.statuses.hint('lake', 's:f2');
    await settle();
    expect(server.count('GET lake/status')).toBe(3);
    model.dispose();
  });
});
