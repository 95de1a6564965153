import type { Event } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { DownloadModel } from '../download/model';
import { CHANGED_SCHEMA } from '../lake/events';
import { LakeModel } from '../lake/model';
import type { Job } from '../schema';
import { TransfersModel } from '../transfers/model';
import { filesText, jobTitle, paceText, spanText } from '../transfers/words';
import { UploadModel } from '../upload/model';
import { Server, instances, job, refusal, settle, status } from './server';

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
    expect(transfers.files(shown)?.map(({ did }) => did)).toEqual(['s:f']);
    await transfers.toggleFiles(shown);
    expect(transfers.files(shown)).toBeNull();
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
