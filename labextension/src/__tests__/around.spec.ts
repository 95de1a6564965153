import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { MimeData } from '@lumino/coreutils';

import { CleanModel } from '../account/cleanModel';
import { isEmbargoed } from '../account/embargo';
import { LakeDrive } from '../drive/drive';
import { pathOf, placeOf, restOf } from '../drive/paths';
import { LakeModel } from '../lake/model';
import { isNearlyFull, isTight } from '../lake/use';
import type { CacheUse, Job } from '../schema';
import { didIn } from '../selection';
import { loginText } from '../status/index';
import { TourModel, tourSteps } from '../tour/model';
import { tellArrival } from '../transfers/arrivals';
import { TransfersModel } from '../transfers/model';
import { tellProgress } from '../transfers/notify';
import { DropZone } from '../upload/drop';
import {
  END,
  Server,
  entry,
  instance,
  instances,
  job,
  refusal,
  settle,
  status,
  stream
} from './server';

const trans = nullTranslator.load('jupyter_dlaas');

async function lakeOf(routes: Server['routes']) {
  const server = new Server({ 'GET instances': () => instances(), ...routes });
  const lake = new LakeModel({ settings: server.settings });
  await lake.refresh();
  return { lake, server };
}

function cache(more: Partial<CacheUse> = {}): CacheUse {
  return {
    folder: '/home/alice/.cache/dlaas',
    files: 3,
    bytes: 300,
    free_bytes: 5000,
    total_bytes: 10_000,
    private: false,
    complete: true,
    shares: [],
    ...more
  };
}

afterEach(() => Notification.dismiss());

describe('a text on the page', () => {
  it.each([
    ['"user.alice:hits_v1"', 'user.alice:hits_v1'],
    ["'user.alice:a/b.root',", 'user.alice:a/b.root'],
    ['rucio://lake@user.alice/a', 'rucio://lake@user.alice/a'],
    ['f"s:d"', 's:d']
  ])('%s is a DID', (text, did) => {
    expect(didIn(text)).toBe(did);
  });

  it.each([
    'x = 1',
    '"a:*"',
    'https://example.org/a',
    'root://host//a',
    'a: int',
    'def f():',
    ''
  ])('%s is none', text => {
    expect(didIn(text)).toBeNull();
  });
});

describe('quota and disk', () => {
  it('are asked for together, the fullest quota first, and a full one is told', async () => {
    const { lake, server } = await lakeOf({
      'GET cache': () => [cache({ free_bytes: 500 })],
      'GET lake/usage': () => [
        { rse: 'A', bytes: 5, files: 1, limit: null, locality: 'local' },
        { rse: 'MOUNT', bytes: 10, files: 1, limit: 100, locality: 'local' },
        { rse: 'NORTH', bytes: 95, files: 1, limit: 100, locality: 'local' }
      ]
    });
    await Promise.all([lake.use.refresh(), lake.use.refresh()]);
    expect(server.count('GET lake/usage')).toBe(1);
    const { caches, own, usage } = lake.use;
    expect(usage?.map(({ rse }) => rse)).toEqual(['NORTH', 'MOUNT', 'A']);
    expect(own.map(isTight)).toEqual([true, false]);
    expect(caches?.map(isNearlyFull)).toEqual([true]);
    lake.dispose();
  });

  it('the one is known without the other', async () => {
    const { lake } = await lakeOf({
      'GET cache': () => [cache()],
      'GET lake/usage': () => refusal(502)
    });
    await lake.use.refresh();
    expect(lake.use.usage).toBeNull();
    expect(lake.use.problem?.error).toBe('RucioFailed');
    expect(lake.use.caches).toHaveLength(1);
    lake.dispose();
  });

  it('the cache is cleaned by age and instance, and it is known what was freed', async () => {
    const { lake, server } = await lakeOf({
      'DELETE cache': () => ({ files: 2, bytes: 20, in_use: 1 }),
      'GET cache': () => [cache()],
      'GET lake/usage': () => []
    });
    const form = new CleanModel(lake);
    form.age = '7d';
    form.isOnlyOwn = true;
    await form.submit();
    expect(server.requests).toContain(
      'DELETE cache?older_than=7d&instance=lake'
    );
    expect(form.cleaned).toEqual({ files: 2, bytes: 20, in_use: 1 });
    lake.dispose();
  });
});

test('a scope is embargoed by a pattern, and by nothing less', () => {
  const one = instance({ embargoed_scopes: ['group.*', 'user.b?b'] });
  expect(isEmbargoed(one, 'group.higgs:a')).toBe(true);
  expect(isEmbargoed(one, 'user.bob:a')).toBe(true);
  expect(isEmbargoed(one, 'groupXhiggs:a')).toBe(false);
  expect(isEmbargoed(one, 'my.group.higgs:a')).toBe(false);
  expect(isEmbargoed(null, 'group.higgs:a')).toBe(false);
});

test('the status bar never speaks of idling', () => {
  const states = [
    'logged_out',
    'pending',
    'logged_in',
    'expiring',
    'expired',
    'refused'
  ] as const;
  const one = instance();
  const words = states.map(state =>
    loginText({ instance: { ...one, login: { ...one.login, state } } }, trans)
  );
  expect(words).toEqual([
    'not logged in',
    'logging in',
    'alice',
    'alice',
    'login ended',
    'not logged in'
  ]);
  expect(words.join()).not.toMatch(/idle/i);
});

test('the tour has four steps, goes back and forth, and ends once', () => {
  const ends: number[] = [];
  const tour = new TourModel(tourSteps(trans), () => ends.push(1));
  expect(tour.count).toBe(4);
  tour.go(-1);
  expect(tour.index).toBe(0);
  tour.go(1);
  tour.go(1);
  tour.go(1);
  expect(tour.isLast).toBe(true);
  tour.go(1);
  tour.end();
  expect(ends).toEqual([1]);
});

describe('a path of the drive', () => {
  it.each(['s:d', 's:/a/b', 's:a:b', 's:100%', 'user.alice:a b'])(
    'leads back to %s',
    did => {
      const path = pathOf(did);
      expect(path.split('/')).toHaveLength(2);
      expect(path).not.toContain(':');
      const { name, scope } = placeOf(path);
      expect(`${scope}:${name}`).toBe(did);
    }
  );

  it('knows the root, a scope, and the rest of a folder', () => {
    expect(placeOf('')).toEqual({ scope: '', name: '', offset: 0 });
    expect(placeOf('s')).toEqual({ scope: 's', name: '', offset: 0 });
    const place = { scope: 's', name: 'a/b', offset: 0 };
    expect(placeOf(restOf(place, 500))).toEqual({ ...place, offset: 500 });
    const scope = { scope: 's', name: '', offset: 0 };
    expect(placeOf(restOf(scope, 20))).toEqual({ ...scope, offset: 20 });
  });
});

describe('the drive', () => {
  it('has an empty root where the lake does not answer, for JupyterLab would ask on and on', async () => {
    const { lake } = await lakeOf({ 'GET lake/scopes': () => refusal(502) });
    const drive = new LakeDrive(lake, () => 10, 'no');
    expect((await drive.get('')).content).toEqual([]);
    lake.dispose();
  });

  it('shows scopes, collections and files, a page at a time', async () => {
    const { lake, server } = await lakeOf({
      'GET lake/scopes': () => ['user.alice'],
      'GET lake/complete': () => ['s:', 'user.alice:', 's:not-a-scope'],
      'GET lake/contents': () =>
        stream(entry('s:f1', 'file', { bytes: 7 }), {
          end: true,
          truncated: true
        }),
      'GET lake/dids': () =>
        stream(entry('s:d1'), entry('s:d2'), entry('s:d3'), END)
    });
    const drive = new LakeDrive(lake, () => 2, 'no');
    const paths = async (path: string) =>
      (await drive.get(path)).content.map(
        (each: { path: string }) => each.path
      );
    expect(await paths('')).toEqual(['user.alice', 's']);
    expect(await paths('s/d1')).toEqual(['s/f1', 's/d1/…2']);
    expect(await paths('s/…2')).toEqual(['s/d3']);
    const [file] = (await drive.get('s/d1')).content;
    expect(file).toMatchObject({ type: 'file', size: 7, writable: false });
    await paths('s/d1/…2');
    expect(server.requests.pop()).toContain('limit=2&offset=2');
    lake.dispose();
  });

  it('is for reading', async () => {
    const { lake } = await lakeOf({});
    const drive = new LakeDrive(lake, () => 2, 'For reading.');
    const acts = [
      drive.save(),
      drive.delete(),
      drive.rename(),
      drive.copy(),
      drive.newUntitled()
    ];
    for (const act of acts) {
      await expect(act).rejects.toThrow('For reading.');
    }
    lake.dispose();
  });

  it('says why a folder cannot be shown', async () => {
    const { lake } = await lakeOf({ 'GET lake/contents': () => refusal(502) });
    const drive = new LakeDrive(lake, () => 2, 'no');
    await expect(drive.get('s/d')).rejects.toThrow('It failed. Try again.');
    lake.dispose();
  });
});

describe('what is dropped', () => {
  function drop(node: HTMLElement, type: string, more: object) {
    const event = new Event(type, { bubbles: true, cancelable: true });
    node.dispatchEvent(Object.assign(event, more));
    return event;
  }

  it('from the file browser is taken by its paths, anything else is left alone', () => {
    const node = document.createElement('div');
    const paths: string[][] = [];
    const zone = new DropZone(node, {
      paths: found => paths.push(found),
      files: () => undefined
    });
    const mimeData = new MimeData();
    mimeData.setData('application/x-jupyter-icontents', ['a.txt', 'b']);
    const more = { mimeData, proposedAction: 'move', dropAction: 'none' };
    expect(drop(node, 'lm-dragenter', more).defaultPrevented).toBe(true);
    expect(node.className).toContain('dropping');
    const over = drop(node, 'lm-dragover', more);
    expect(over).toMatchObject({ dropAction: 'move' });
    drop(node, 'lm-drop', more);
    expect(paths).toEqual([['a.txt', 'b']]);
    expect(node.className).not.toContain('dropping');
    const other = { ...more, mimeData: new MimeData() };
    expect(drop(node, 'lm-dragover', other).defaultPrevented).toBe(false);
    zone.dispose();
    expect(drop(node, 'lm-dragover', more).defaultPrevented).toBe(false);
  });

  it('from the desktop is taken as files, and folders are noticed', () => {
    const node = document.createElement('div');
    const taken: [string[], boolean][] = [];
    const zone = new DropZone(node, {
      paths: () => undefined,
      files: (files, hasFolder) =>
        taken.push([files.map(({ name }) => name), hasFolder])
    });
    const dataTransfer = {
      types: ['Files'],
      files: [new File(['a'], 'a.txt')],
      items: [{ webkitGetAsEntry: () => ({ isDirectory: true }) }]
    };
    drop(node, 'drop', { dataTransfer });
    expect(taken).toEqual([[['a.txt'], true]]);
    zone.dispose();
  });
});

describe('where a file came from', () => {
  it('is known of downloads and uploads, by their files', async () => {
    const jobs: Job[] = [
      job({
        id: 'j1',
        kind: 'download',
        state: 'done',
        folder: 'data/set',
        did: 's:set'
      }),
      job({
        id: 'j2',
        state: 'done',
        source: 'out.root',
        result: {
          did: 'user.alice:out',
          rse: 'NORTH',
          bytes: 1,
          adler32: '0',
          rule: null,
          dataset: null,
          new: true
        }
      })
    ];
    const { lake, server } = await lakeOf({
      'GET jobs': () => jobs,
      'GET jobs/j1/files': () => [
        {
          did: 's:f',
          path: '/home/alice/work/data/set/f.root',
          outcome: 'fetched',
          bytes: 1,
          problem: null
        }
      ]
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    expect(transfers.candidates('elsewhere/f.root')).toEqual([]);
    expect(server.count('GET jobs/')).toBe(0);
    const origin = async (path: string) =>
      (await transfers.originOf(path))?.did ?? null;
    expect(await origin('data/set/f.root')).toBe('s:f');
    expect(await origin('data/set/other.root')).toBeNull();
    expect(await origin('out.root')).toBe('user.alice:out');
    transfers.dispose();
    lake.dispose();
  });
});

describe('progress', () => {
  const told = () => Notification.manager.notifications;

  it('of a transfer of this page is one notification, which goes at its end', async () => {
    const { lake } = await lakeOf({});
    const transfers = new TransfersModel(lake);
    const clock = jest.spyOn(Date, 'now');
    const start = Date.now();
    tellProgress(
      transfers,
      () => true,
      trans,
      () => undefined
    );
    transfers.add(job());
    expect(told()).toEqual([]);
    clock.mockReturnValue(start + 5000);
    transfers.add(job({ done_bytes: 20 }));
    transfers.add(job({ done_bytes: 50 }));
    expect(told()).toHaveLength(1);
    expect(told()[0].options.progress).toBe(0.5);
    transfers.add(job({ state: 'done', done_bytes: 100 }));
    expect(told()).toEqual([]);
    clock.mockRestore();
    transfers.dispose();
    lake.dispose();
  });

  it('of data that was made available is told until it is here', async () => {
    let now = status({ state: 'replicating', available_bytes: 1000 });
    const { lake } = await lakeOf({ 'GET lake/status': () => now });
    const item = { instance: 'lake', did: 's:d', type: 'dataset' as const };
    tellArrival(lake, item, true, trans, () => undefined);
    await settle();
    expect(told().map(({ options }) => options.progress)).toEqual([0.25]);
    now = status({ state: 'available', available_bytes: 4000 });
    lake.statuses.hint('lake', 's:d');
    await settle();
    expect(told().map(({ message, type }) => [message, type])).toEqual([
      ['d is here.', 'success']
    ]);
    lake.dispose();
  });

  it('of data that is stuck ends with a warning that stays', async () => {
    const { lake } = await lakeOf({
      'GET lake/status': () => status({ state: 'stuck' })
    });
    const item = { instance: 'lake', did: 's:d', type: 'dataset' as const };
    tellArrival(lake, item, false, trans, () => undefined);
    await settle();
    expect(
      told().map(({ options, type }) => [type, options.autoClose])
    ).toEqual([['warning', false]]);
    lake.dispose();
  });
});
