import { Notification } from '@jupyterlab/apputils';
import type { Event } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { DownloadModel } from '../download/model';
import { CHANGED_SCHEMA } from '../lake/events';
import { LakeModel } from '../lake/model';
import type { Job } from '../schema';
import { TransfersModel } from '../transfers/model';
import { tellTransfers } from '../transfers/notify';
import { filesText, jobTitle, paceText, spanText } from '../transfers/words';
import { UploadModel } from '../upload/model';
import {
  Server,
  instance,
  instances,
  job,
  refusal,
  settle,
  status
} from './server';

const trans = nullTranslator.load('jupyter_dlaas');

class Stream {
  readonly signal = new Signal<this, Event.Emission>(this);
  push(seq: number, state: Job['state']): void {
    this.signal.emit({
      schema_id: CHANGED_SCHEMA,
      server: 'run-1',
      seq,
      kind: 'job',
      instance: 'lake',
      did: null,
      job: 'j1',
      state
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

describe('the end of a transfer', () => {
  it('is told once, though nobody looks at the panel', async () => {
    let now = job({ origin: 'kernel' });
    const { lake, server, stream } = await lakeOf({
      'GET jobs/j1': () => now
    });
    const transfers = new TransfersModel(lake);
    const told: Job[] = [];
    transfers.ended.connect((_, ended) => told.push(ended));
    server.requests.length = 0;
    stream.push(1, 'running');
    await settle();
    expect(server.requests).toEqual([]);
    now = job({ origin: 'kernel', state: 'done', done_bytes: 100 });
    stream.push(2, 'done');
    await settle();
    stream.push(3, 'done');
    await settle();
    expect(told.map(({ state }) => state)).toEqual(['done']);
    transfers.dispose();
    lake.dispose();
  });

  it('is told again of another attempt, and never of what was over or cancelled', async () => {
    let jobs = [
      job({ state: 'failed' }),
      job({ id: 'j2', state: 'done' }),
      job({ id: 'j3' })
    ];
    const { lake } = await lakeOf({
      'GET jobs': () => jobs,
      'POST jobs/j1/retry': () => job({ attempt: 2 })
    });
    const transfers = new TransfersModel(lake);
    const told: string[] = [];
    transfers.ended.connect((_, { attempt, id }) =>
      told.push(`${id}/${attempt}`)
    );
    await transfers.refresh();
    expect(told).toEqual([]);
    await transfers.retry(transfers.jobs!.find(({ id }) => id === 'j1')!);
    jobs = [
      job({ state: 'failed', attempt: 2 }),
      job({ id: 'j2', state: 'done' }),
      job({ id: 'j3', state: 'cancelled' })
    ];
    await transfers.refresh();
    expect(told).toEqual(['j1/2']);
    transfers.dispose();
    lake.dispose();
  });
});

describe('a failure that was told', () => {
  it('is taken back when the transfer is tried again', async () => {
    const failed = job({
      state: 'failed',
      problem: await refusal(500).json()
    });
    const { lake } = await lakeOf({
      'GET jobs': () => [job()],
      'POST jobs/j1/retry': () => job({ attempt: 2 })
    });
    const transfers = new TransfersModel(lake);
    tellTransfers(transfers, trans, () => undefined);
    await transfers.refresh();
    transfers.add(failed);
    const told = () =>
      Notification.manager.notifications.map(({ message }) => message);
    expect(told()).toEqual(['The upload of a failed. It failed. Try again.']);
    transfers.add({ ...failed });
    expect(told()).toHaveLength(1);
    await transfers.retry(failed);
    expect(told()).toEqual([]);
    transfers.dispose();
    lake.dispose();
  });
});

describe('what can be done about a transfer', () => {
  it('is done once, however often it is pressed', async () => {
    const { lake, server } = await lakeOf({
      'GET jobs': () => [job({ state: 'failed' })],
      'POST jobs/j1/retry': () => job({ attempt: 2 })
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    const [shown] = transfers.jobs!;
    await Promise.all([transfers.retry(shown), transfers.retry(shown)]);
    expect(server.count('POST jobs/j1/retry')).toBe(1);
    expect(transfers.isRetrying(shown)).toBe(false);
    transfers.dispose();
    lake.dispose();
  });

  it('is a login to the instance it waits for, if that is not in sight', async () => {
    const { lake } = await lakeOf({
      'GET instances': () =>
        instances(instance(), instance({ name: 'sea', default: false }))
    });
    const transfers = new TransfersModel(lake);
    const waiting = job({ state: 'waiting', instance: 'sea' });
    expect(transfers.awaitedInstance(waiting)?.name).toBe('sea');
    transfers.logIn(waiting);
    expect(lake.instance?.name).toBe('sea');
    expect(transfers.awaitedInstance(waiting)).toBeNull();
    transfers.dispose();
    lake.dispose();
  });
});

describe('what is folded out below a transfer', () => {
  it('follows it into its next state', async () => {
    const notes = [{ at: '2026-01-01T00:00:00Z', text: 'Begun.' }];
    const { lake } = await lakeOf({
      'GET jobs': () => [job()],
      'GET jobs/j1/log': () => notes
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    await transfers.toggleLog(transfers.jobs![0]);
    notes.push({ at: '2026-01-01T00:01:00Z', text: 'Ended.' });
    transfers.add(job({ state: 'done' }));
    await settle();
    const texts = () => transfers.logs.rows('j1')?.map(({ text }) => text);
    expect(texts()).toEqual(['Begun.', 'Ended.']);
    transfers.dispose();
    lake.dispose();
  });

  it('is folded again by a second press before the answer, and goes with its job', async () => {
    let jobs = [job()];
    const { lake } = await lakeOf({
      'GET jobs': () => jobs,
      'GET jobs/j1/files': () => []
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    const [shown] = transfers.jobs!;
    const first = transfers.toggleFiles(shown);
    await Promise.all([first, transfers.toggleFiles(shown)]);
    expect(transfers.files.isOpen('j1')).toBe(false);
    await transfers.toggleFiles(shown);
    expect(transfers.files.isOpen('j1')).toBe(true);
    jobs = [];
    await transfers.refresh();
    expect(transfers.files.isOpen('j1')).toBe(false);
    transfers.dispose();
    lake.dispose();
  });
});

describe('what is said of a transfer', () => {
  it('is how far it is, how fast, and how long it will take', () => {
    const running = job({ bytes: 40e6, done_bytes: 10e6, speed: 5e6 });
    expect(paceText(running, trans).replace(/\u00a0/g, ' ')).toBe(
      '10.0 MB of 40.0 MB · 5.00 MB/s · 6 s left'
    );
    const queued = job({ ...running, state: 'queued' });
    expect(paceText(queued, trans)).not.toContain('left');
    expect(spanText(150, trans)).toBe('3 min');
    expect(spanText(3 * 3600 + 600, trans)).toBe('3 h 10 min');
  });

  it('names its files, and how many of them failed', () => {
    expect(filesText(job(), trans)).toBe('');
    const some = job({ files: 12, done_files: 3, failed_files: 1 });
    expect(filesText(some, trans)).toBe('3 of 12 files · 1 failed');
    expect(jobTitle(job({ did: null, source: 'a, b' }))).toBe('a, b');
  });

  it('holds a report on each file, asked for once', async () => {
    const { lake, server } = await lakeOf({
      'GET jobs': () => [job()],
      'GET jobs/j1/files': () => [{ did: 's:f', outcome: 'failed' }]
    });
    const transfers = new TransfersModel(lake);
    await transfers.refresh();
    const [shown] = transfers.jobs!;
    await transfers.toggleFiles(shown);
    expect(transfers.files.rows(shown.id)?.map(({ did }) => did)).toEqual([
      's:f'
    ]);
    await transfers.toggleFiles(shown);
    expect(transfers.files.rows(shown.id)).toBeNull();
    expect(server.count('GET jobs/j1/files')).toBe(1);
    transfers.dispose();
    lake.dispose();
  });
});

describe('UploadModel of several', () => {
  it('asks for a scope and no name', async () => {
    const { lake, server } = await lakeOf({
      'GET lake/scopes': () => ['user.alice'],
      'GET lake/rses': () => [],
      'POST lake/uploads': () => job({ files: 3 })
    });
    const form = new UploadModel(lake, [
      { path: 'out', name: 'my out', size: null, isFolder: true }
    ]);
    await form.loaded;
    expect(form.isSeveral).toBe(true);
    form.duplicates = 'rename';
    await form.submit();
    expect(server.bodies).toEqual([
      { paths: ['out'], scope: 'user.alice', duplicates: 'rename' }
    ]);
    lake.dispose();
  });
});

describe('DownloadModel', () => {
  const DATASET = {
    instance: 'lake',
    did: 's:a/b c',
    type: 'dataset' as const
  };

  it('proposes a folder of its own for a collection', async () => {
    const { lake, server } = await lakeOf({
      'POST lake/downloads': () => job({ kind: 'download' })
    });
    const form = new DownloadModel(lake, DATASET, 'work');
    expect(form.folder).toBe('work/a_b_c');
    await settle();
    expect(form.known.status?.bytes).toBe(status().bytes);
    await form.submit();
    expect(server.bodies).toEqual([
      { did: 's:a/b c', folder: 'work/a_b_c', overwrite: false }
    ]);
    expect(form.job?.kind).toBe('download');
    const file = new DownloadModel(lake, { ...DATASET, type: 'file' }, 'work');
    expect(file.folder).toBe('work');
    lake.dispose();
  });

  it('goes into the cache where there is no folder, and shows a refusal', async () => {
    const { lake, server } = await lakeOf({
      'POST lake/downloads': () => refusal(400, { error: 'InvalidInput' })
    });
    const form = new DownloadModel(lake, DATASET, null);
    expect(form.place).toBe('cache');
    await form.submit();
    expect(server.bodies).toEqual([{ did: 's:a/b c' }]);
    expect([form.isDone, form.problem?.error]).toEqual([false, 'InvalidInput']);
    form.folder = 'x';
    expect(form.problem).toBeNull();
    lake.dispose();
  });
});
