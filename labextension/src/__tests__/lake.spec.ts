import type { Event } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { CHANGED_SCHEMA, Changes } from '../lake/events';
import { LakeModel } from '../lake/model';
import { Statuses } from '../lake/statuses';
import type { Change, Status } from '../schema';
import { Server, instance, instances, refusal, settle, status } from './server';

function hint(more: Partial<Change> = {}): Event.Emission {
  return {
    schema_id: CHANGED_SCHEMA,
    server: 'run-1',
    seq: 1,
    kind: 'status',
    instance: 'lake',
    did: 's:d',
    job: null,
    ...more
  };
}

class Stream {
  readonly signal = new Signal<this, Event.Emission>(this);
  push(more: Partial<Change> = {}): void {
    this.signal.emit(hint(more));
  }
}

describe('Changes', () => {
  function listen() {
    const stream = new Stream();
    const changes = new Changes(stream.signal);
    const heard: (number | 'lost')[] = [];
    changes.changed.connect((_, { seq }) => heard.push(seq));
    changes.lost.connect(() => heard.push('lost'));
    return { stream, changes, heard };
  }

  it('passes on hints that follow one another', () => {
    const { heard, stream } = listen();
    [4, 5, 6].forEach(seq => stream.push({ seq }));
    expect(heard).toEqual([4, 5, 6]);
  });

  it('notices a gap', () => {
    const { heard, stream } = listen();
    [1, 2, 4, 5].forEach(seq => stream.push({ seq }));
    expect(heard).toEqual([1, 2, 'lost', 5]);
  });

  it('notices another server', () => {
    const { heard, stream } = listen();
    stream.push({ seq: 1 });
    stream.push({ seq: 2, server: 'run-2' });
    stream.push({ seq: 3, server: 'run-2' });
    expect(heard).toEqual([1, 'lost', 3]);
  });

  it('learns from an answer that hints were lost, and ignores those that it covers', () => {
    const { changes, heard, stream } = listen();
    stream.push({ seq: 1 });
    changes.heard('run-1', 3);
    stream.push({ seq: 3 });
    stream.push({ seq: 4 });
    changes.heard('run-1', 4);
    changes.heard('run-2', 1);
    expect(heard).toEqual([1, 'lost', 4, 'lost']);
  });

  it('ignores the events of others, and what is no hint', () => {
    const { heard, stream } = listen();
    stream.signal.emit({ schema_id: 'other', seq: 1 });
    stream.signal.emit({ schema_id: CHANGED_SCHEMA, seq: 'x' });
    expect(heard).toEqual([]);
  });

  it('hears the server again after a forged hint', () => {
    const { changes, heard, stream } = listen();
    stream.push({ seq: 1 });
    stream.push({ seq: 1_000_000 });
    changes.heard('run-1', 2);
    stream.push({ seq: 3 });
    expect(heard).toEqual([1, 'lost', 3]);
  });
});

describe('Statuses', () => {
  function asked() {
    const answers: ((value: Status) => void)[] = [];
    const statuses = new Statuses(
      () => new Promise(resolve => answers.push(resolve))
    );
    return { answers, statuses };
  }

  it('asks once however many look', async () => {
    const { answers, statuses } = asked();
    statuses.look('lake', 's:d');
    statuses.look('lake', 's:d');
    expect(answers).toHaveLength(1);
    expect(statuses.get('lake', 's:d').isAsking).toBe(true);
    answers[0](status({ state: 'available' }));
    await settle();
    expect(statuses.get('lake', 's:d').status?.state).toBe('available');
  });

  it('asks at a hint only where somebody looks', async () => {
    const { answers, statuses } = asked();
    statuses.hint('lake', 's:d');
    expect(answers).toHaveLength(0);
    const look = statuses.look('lake', 's:d');
    answers[0](status());
    await settle();
    statuses.hint('lake', 's:d');
    statuses.hint('lake', 's:other');
    expect(answers).toHaveLength(2);
    answers[1](status());
    await settle();
    look.dispose();
    statuses.hint('lake', 's:d');
    expect(answers).toHaveLength(2);
    expect(statuses.get('lake', 's:d').status).toBeNull();
  });

  it('asks for the rest in sight when a state has changed, once', async () => {
    const { answers, statuses } = asked();
    const said = async (from: number, state: Status['state']) => {
      answers.slice(from).forEach(answer => answer(status({ state })));
      await settle();
    };
    statuses.look('lake', 's:dataset');
    statuses.look('lake', 's:file');
    statuses.look('other', 's:file');
    await said(0, 'absent');
    statuses.hint('lake', 's:dataset');
    await said(3, 'absent');
    expect(answers).toHaveLength(4);
    statuses.hint('lake', 's:dataset');
    await said(4, 'available');
    expect(answers).toHaveLength(6);
    await said(5, 'available');
    expect(statuses.get('lake', 's:file').status?.state).toBe('available');
    expect(statuses.get('other', 's:file').status?.state).toBe('absent');
    expect(answers).toHaveLength(6);
  });

  it('forgets what nobody looks at when hints were lost', async () => {
    const { answers, statuses } = asked();
    statuses.look('lake', 's:seen');
    statuses.look('lake', 's:left').dispose();
    answers.forEach(answer => answer(status()));
    await settle();
    statuses.forget();
    expect(statuses.get('lake', 's:seen').status).not.toBeNull();
    expect(statuses.get('lake', 's:left').status).toBeNull();
  });

  it('asks again when a hint comes while it asks', async () => {
    const { answers, statuses } = asked();
    statuses.look('lake', 's:d');
    statuses.hint('lake', 's:d');
    expect(answers).toHaveLength(1);
    answers[0](status());
    await settle();
    expect(answers).toHaveLength(2);
  });

  it('keeps what was known beside a problem', async () => {
    let fails = false;
    const statuses = new Statuses(async () => {
      if (fails) {
        throw new Error('down');
      }
      return status({ state: 'replicating' });
    });
    statuses.look('lake', 's:d');
    await settle();
    expect(statuses.pending()).toHaveLength(1);
    fails = true;
    const known = await statuses.ask('lake', 's:d');
    expect(known.status?.state).toBe('replicating');
    expect(known.problem).not.toBeNull();
  });
});

describe('LakeModel', () => {
  it('begins with the default instance', async () => {
    const server = new Server({
      'GET instances': () =>
        instances(
          instance({ name: 'a', default: false }),
          instance({ name: 'b' })
        )
    });
    const lake = new LakeModel({ settings: server.settings });
    await lake.refresh();
    expect(lake.instance?.name).toBe('b');
    expect(lake.recordedInstance('b')).toBeNull();
    expect(lake.recordedInstance('a')).toBe('a');
    expect(lake.meantInstance(null)).toBe('b');
    expect(lake.meantInstance('a')).toBe('a');
    lake.choose('a');
    expect(lake.instance?.name).toBe('a');
    lake.dispose();
  });

  it('says that the server part is missing, and tries again', async () => {
    const server = new Server();
    const lake = new LakeModel({ settings: server.settings });
    await lake.refresh();
    expect(lake.problem?.error).toBe('ExtensionMissing');
    expect(lake.isUsable).toBe(false);
    server.routes['GET instances'] = () => instances();
    await lake.refresh();
    expect(lake.phase).toBe('ready');
    expect(lake.problem).toBeNull();
    lake.dispose();
  });

  it('asks nothing while nobody looks', async () => {
    const server = new Server();
    const stream = new Stream();
    const lake = new LakeModel({
      settings: server.settings,
      events: stream.signal
    });
    stream.push({ seq: 1 });
    stream.push({ seq: 7 });
    stream.push({ seq: 8, kind: 'login', did: null });
    await settle();
    expect(server.requests).toEqual([]);
    lake.dispose();
  });

  it('asks for one snapshot after a gap', async () => {
    const server = new Server({
      'GET instances': () => ({ ...instances(), seq: 9 }),
      'GET lake/status': () => status()
    });
    const stream = new Stream();
    const lake = new LakeModel({
      settings: server.settings,
      events: stream.signal
    });
    lake.isActive = true;
    lake.statuses.look('lake', 's:d');
    await settle();
    server.requests.length = 0;
    stream.push({ seq: 12, did: 's:other' });
    await settle();
    expect(server.requests).toEqual([
      'GET instances?no_track_activity=1',
      'GET lake/status?did=s%3Ad&no_track_activity=1'
    ]);
    lake.dispose();
  });

  it('looks at the logins when an answer says that one is over', async () => {
    const expired = instance();
    expired.login = { ...expired.login, state: 'expired' };
    const server = new Server({
      'GET instances': () => instances(expired),
      'GET lake/status': () => refusal(401, { error: 'CannotAuthenticate' })
    });
    const lake = new LakeModel({ settings: server.settings });
    await lake.statuses.ask('lake', 's:d');
    await settle();
    expect(lake.instance?.login.state).toBe('expired');
    expect(lake.isUsable).toBe(true);
    lake.dispose();
  });

  it('does not take an answer for news that was asked for before the login', async () => {
    const out = instance();
    out.login = { ...out.login, state: 'logged_out', account: null };
    let answer: (value: unknown) => void = () => undefined;
    const server = new Server({
      'GET instances': () =>
        new Promise(resolve => {
          answer = resolve;
        }),
      'POST lake/login': () => instance().login
    });
    const lake = new LakeModel({ settings: server.settings });
    const first = lake.refresh();
    await settle();
    answer(instances(out));
    await first;
    const second = lake.refresh();
    await settle();
    await lake.login('lake', { username: 'alice', password: 'x' });
    answer(instances(out));
    await settle();
    expect(lake.instance?.login.state).toBe('logged_in');
    answer(instances());
    await second;
    expect(lake.instance?.login.state).toBe('logged_in');
    lake.dispose();
  });

  it('asks again when a login changes while it asks', async () => {
    const server = new Server({ 'GET instances': () => instances() });
    const stream = new Stream();
    const lake = new LakeModel({
      settings: server.settings,
      events: stream.signal
    });
    lake.isActive = true;
    stream.push({ seq: 1, kind: 'login', did: null });
    await settle();
    expect(server.count('GET instances')).toBe(2);
    lake.dispose();
  });

  it('keeps no idle server alive by what hints make it ask', async () => {
    const server = new Server({
      'GET instances': () => instances(),
      'GET lake/status': () => status()
    });
    const stream = new Stream();
    const lake = new LakeModel({
      settings: server.settings,
      events: stream.signal
    });
    lake.isActive = true;
    lake.statuses.look('lake', 's:d');
    await settle();
    server.requests.length = 0;
    stream.push({ seq: 1 });
    stream.push({ seq: 2, kind: 'login', did: null });
    stream.push({ seq: 5 });
    await settle();
    expect(server.requests.length).toBeGreaterThan(1);
    expect(
      server.requests.filter(each => !each.includes('no_track_activity=1'))
    ).toEqual([]);
    lake.dispose();
  });

  it('asks where kernels find the login when the server was another one meanwhile', async () => {
    const server = new Server({ 'GET instances': () => instances() });
    const stream = new Stream();
    const lake = new LakeModel({
      settings: server.settings,
      events: stream.signal
    });
    await lake.refresh();
    stream.push({ seq: 1, server: 'run-2' });
    expect(lake.handover).toBeNull();
    lake.dispose();
  });

  it('stays at its instance when another one is not there', async () => {
    const server = new Server({ 'GET instances': () => instances() });
    const lake = new LakeModel({ settings: server.settings });
    await lake.refresh();
    lake.selected = { instance: 'lake', did: 's:d', type: 'dataset' };
    lake.choose('nowhere');
    expect(lake.selected).not.toBeNull();
    lake.dispose();
  });
});

describe('A connection that was cut', () => {
  const QUESTION = 'GET instances?no_track_activity=1';
  const SNAPSHOT = [QUESTION, 'GET lake/status?did=s%3Ad&no_track_activity=1'];
  let lakes: LakeModel[] = [];

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  });

  afterEach(() => {
    lakes.forEach(lake => lake.dispose());
    lakes = [];
    setHidden(false);
    jest.useRealTimers();
  });

  function setHidden(value: boolean): void {
    jest
      .spyOn(document, 'visibilityState', 'get')
      .mockReturnValue(value ? 'hidden' : 'visible');
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }

  /**
   * Let so much time pass, and all that is asked be answered.
   */
  async function pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      await jest.advanceTimersByTimeAsync(1000);
    }
  }

  /**
   * A panel that is looked at, with a DID in it; `place` is where the server's hints are.
   */
  async function shown() {
    const place = { server: 'run-1', seq: 4, isUp: true };
    const answer = async (value: unknown) => {
      await new Promise(resolve => setTimeout(resolve, 20));
      if (!place.isUp) {
        throw new TypeError('Failed to fetch');
      }
      return value;
    };
    const server = new Server({
      'GET instances': () => {
        const { seq, server: name } = place;
        return answer({ ...instances(), seq, server: name });
      },
      'GET lake/status': () => answer(status())
    });
    const events = new Stream();
    const failures = new Signal<object, unknown>({});
    const lake = new LakeModel({
      settings: server.settings,
      events: events.signal,
      failed: failures
    });
    lakes.push(lake);
    lake.isActive = true;
    lake.statuses.look('lake', 's:d');
    await pass(1);
    events.push({ seq: 4, did: 's:other' });
    await pass(120);
    server.requests.length = 0;
    return { events, failures, lake, place, server };
  }

  it('leads to one question, however many events tell of it, and to no snapshot where nothing was lost', async () => {
    const { failures, lake, server } = await shown();
    window.dispatchEvent(new Event('online'));
    failures.emit(new Error('offline'));
    window.dispatchEvent(new Event('online'));
    await pass(3);
    expect(server.requests).toEqual([QUESTION]);
    // Once more when JupyterLab must hear the server again, then it is quiet.
    await pass(900);
    expect(server.requests).toEqual([QUESTION, QUESTION]);
    expect(lake.phase).toBe('ready');
  });

  it('leads to one snapshot when hints were lost', async () => {
    const { place, server } = await shown();
    place.seq = 7;
    window.dispatchEvent(new Event('online'));
    await pass(30);
    expect(server.requests).toEqual(SNAPSHOT);
  });

  it('loses nothing that came before JupyterLab heard the server again', async () => {
    const { place, server } = await shown();
    window.dispatchEvent(new Event('online'));
    await pass(3);
    place.seq = 5;
    server.requests.length = 0;
    await pass(60);
    expect(server.requests).toEqual(SNAPSHOT);
  });

  it('is noticed when a computer wakes, though no event tells', async () => {
    const { place, server } = await shown();
    place.seq = 5;
    jest.setSystemTime(Date.now() + 3_600_000);
    await pass(60);
    expect(server.requests).toEqual(SNAPSHOT);
  });

  it('is looked for when the page was out of sight for long', async () => {
    const { server } = await shown();
    setHidden(true);
    await pass(10);
    setHidden(false);
    await pass(30);
    expect(server.requests).toEqual([]);
    setHidden(true);
    await pass(900);
    expect(server.requests).toEqual([]);
    setHidden(false);
    await pass(2);
    expect(server.requests).toEqual([QUESTION]);
  });

  it('is left alone while nobody looks, and looked for at the next showing', async () => {
    const { failures, lake, place, server } = await shown();
    lake.isActive = false;
    place.seq = 5;
    window.dispatchEvent(new Event('online'));
    failures.emit(new Error('offline'));
    await pass(300);
    expect(server.requests).toEqual([]);
    lake.isActive = true;
    await pass(2);
    expect(server.requests).toEqual([
      'GET instances',
      'GET lake/status?did=s%3Ad'
    ]);
  });

  it('is shown while the server is down; another server that comes up leads to one snapshot, without a click', async () => {
    const { failures, lake, place, server } = await shown();
    const phases = new Set<string>();
    place.isUp = false;
    failures.emit(new Error('offline'));
    await pass(2);
    expect(lake.problem?.error).toBe('JupyterUnreachable');
    expect(lake.instance?.name).toBe('lake');
    lake.stateChanged.connect(() => phases.add(lake.phase));
    await pass(298);
    // Ever more rarely, but each minute.
    const tries = server.count('GET instances');
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(30);
    expect([...phases]).toEqual(['problem']);
    Object.assign(place, { isUp: true, server: 'run-2', seq: 0 });
    server.requests.length = 0;
    await pass(60);
    expect(lake.phase).toBe('ready');
    expect(lake.problem).toBeNull();
    expect(server.requests).toEqual(SNAPSHOT);
  });

  it('is noticed by an act that fails, and what failed is asked again', async () => {
    const { lake, place, server } = await shown();
    place.isUp = false;
    void lake.statuses.ask('lake', 's:d');
    await pass(1);
    expect(lake.statuses.get('lake', 's:d').problem).not.toBeNull();
    await pass(2);
    expect(lake.phase).toBe('problem');
    place.isUp = true;
    server.requests.length = 0;
    await pass(60);
    expect(server.requests).toEqual(SNAPSHOT);
    expect(lake.statuses.get('lake', 's:d').problem).toBeNull();
  });
});
