import { nullTranslator } from '@jupyterlab/translation';

import { LakeModel } from '../lake/model';
import { Attachments } from '../notebook/attachments';
import { tell } from '../notebook/kernel';
import { Preferences } from '../preferences';
import { explain } from '../problems';
import type { IState } from './kernels';
import { FakeKernel, panelOf } from './kernels';
import { Server, instances, settle, status } from './server';

const trans = nullTranslator.load('jupyter_dlaas');
const RECORD = {
  variableName: 'x',
  did: 's:d',
  type: 'collection' as const,
  instance: null
};
const MESSAGE = {
  action: 'attach' as const,
  handover: '/run',
  variables: [RECORD]
};

function refusalOf(promise: Promise<unknown>) {
  return promise.then(
    () => {
      throw new Error('It should have been refused.');
    },
    error => error.problem
  );
}

describe('tell', () => {
  it('speaks over the comm, on a subshell where there is one', async () => {
    const kernel = new FakeKernel({ listens: true, subshells: true });
    const variables = await tell(kernel.connection, MESSAGE);
    expect(variables.map(({ variableName }) => variableName)).toEqual(['x']);
    expect(kernel.log).toEqual(['subshell', 'comm attach']);
  });

  it('loads the library into a kernel that does not listen yet', async () => {
    const kernel = new FakeKernel({ listens: false });
    await tell(kernel.connection, MESSAGE);
    expect(kernel.log).toEqual(['comm attach', 'load', 'comm attach']);
  });

  it('loads on a subshell too, for the kernel may be busy', async () => {
    const kernel = new FakeKernel({ listens: false, subshells: true });
    await tell(kernel.connection, MESSAGE);
    expect(kernel.log).toEqual([
      'subshell',
      'comm attach',
      'load on subshell',
      'subshell',
      'comm attach'
    ]);
  });

  it('says that a kernel lacks the library', async () => {
    const kernel = new FakeKernel({ listens: false, hasLibrary: false });
    const problem = await refusalOf(tell(kernel.connection, MESSAGE));
    expect(problem.error).toBe('KernelWithoutLibrary');
  });

  it('tells kernels of other languages plainly', async () => {
    const kernel = new FakeKernel({ listens: true, language: 'julia' });
    const problem = await refusalOf(tell(kernel.connection, MESSAGE));
    expect(problem.error).toBe('OtherLanguage');
    expect(explain(problem, trans).message).toContain('julia');
    expect(kernel.log).toEqual([]);
  });

  it('passes the problem of the kernel on', async () => {
    const kernel = new FakeKernel({ listens: true });
    kernel.refuses = 'InvalidDID';
    const problem = await refusalOf(tell(kernel.connection, MESSAGE));
    expect(problem.error).toBe('InvalidDID');
  });

  it('does not wait for a kernel that goes away', async () => {
    const kernel = new FakeKernel({ listens: true });
    kernel.isSilent = true;
    const answer = refusalOf(tell(kernel.connection, MESSAGE));
    await settle();
    kernel.setStatus('restarting');
    expect((await answer).error).toBe('KernelGone');
  });

  it('does not wait for a kernel that dies before it has said what it is', async () => {
    const kernel = new FakeKernel({ listens: true });
    Object.assign(kernel.connection, { info: new Promise(() => undefined) });
    const answer = refusalOf(tell(kernel.connection, MESSAGE));
    await settle();
    kernel.setStatus('dead');
    expect((await answer).error).toBe('KernelGone');
  });
});

describe('Attachments', () => {
  async function attachments(
    kernel: FakeKernel | null,
    records: unknown = undefined,
    state: IState = { status: 'absent' }
  ) {
    const server = new Server({
      'GET instances': () => instances(),
      'GET lake/status': () => status({ state: state.status })
    });
    const lake = new LakeModel({ settings: server.settings });
    const notebook = panelOf(kernel, records);
    const preferences = new Preferences();
    const model = new Attachments(notebook.panel, lake, preferences);
    await settle();
    return { kernel, lake, model, notebook, preferences, server, state };
  }

  it('records a variable and sets it', async () => {
    const kernel = new FakeKernel({ listens: true });
    const { model, notebook } = await attachments(kernel);
    await model.add(RECORD);
    expect(notebook.metadata.get('rucio_attachments')).toEqual([RECORD]);
    expect(model.state('x').phase).toBe('set');
    expect(kernel.messages[0]).toEqual({
      action: 'attach',
      handover: '/run/dlaas-1',
      variables: [RECORD]
    });
  });

  it('keeps the record where the kernel lacks the library', async () => {
    const kernel = new FakeKernel({ listens: false, hasLibrary: false });
    const { model } = await attachments(kernel);
    await model.add(RECORD);
    expect(model.names).toEqual(['x']);
    expect(model.state('x').problem?.error).toBe('KernelWithoutLibrary');
    kernel.hasLibrary = true;
    await model.setAll();
    expect(model.state('x').phase).toBe('set');
  });

  it('records without a kernel', async () => {
    const { model } = await attachments(null);
    await model.add(RECORD);
    expect(model.names).toEqual(['x']);
    expect(model.state('x').phase).toBe('unknown');
  });

  it('reads what the incumbent wrote, and ignores what is no record', async () => {
    const { model } = await attachments(null, [
      { did: 's:d', type: 'file', variableName: 'old' },
      'nonsense',
      { variableName: 3 }
    ]);
    expect(model.names).toEqual(['old']);
    expect(model.instance(model.records[0])).toBe(null);
  });

  it('sets the variables of a notebook that is opened, without taking names', async () => {
    const kernel = new FakeKernel({ listens: true });
    const { model } = await attachments(kernel, [RECORD]);
    expect(kernel.messages).toHaveLength(1);
    expect(kernel.messages[0]).toMatchObject({ renew: true });
    expect(model.state('x').phase).toBe('set');
  });

  it('sets nothing by itself when the person does not want it', async () => {
    const kernel = new FakeKernel({ listens: true });
    const { model, preferences } = await attachments(null, [RECORD]);
    preferences.renewVariables = false;
    await model.renew();
    expect(kernel.messages).toEqual([]);
  });

  it('sets the variables again when the kernel restarts', async () => {
    const kernel = new FakeKernel({ listens: true });
    const { model, notebook } = await attachments(kernel, [RECORD]);
    notebook.setStatus('restarting');
    expect(model.state('x').phase).toBe('unknown');
    notebook.setStatus('starting');
    notebook.setStatus('idle');
    await settle();
    notebook.setStatus('busy');
    notebook.setStatus('idle');
    await settle();
    expect(kernel.messages).toHaveLength(2);
    expect(model.state('x').phase).toBe('set');
  });

  it('sets a variable again when its data has come', async () => {
    const kernel = new FakeKernel({ listens: true });
    const { lake, state } = await attachments(kernel, [RECORD]);
    expect(kernel.messages).toHaveLength(1);
    state.status = 'replicating';
    lake.statuses.hint('lake', 's:d');
    await settle();
    expect(kernel.messages).toHaveLength(1);
    state.status = 'available';
    lake.statuses.hint('lake', 's:d');
    await settle();
    expect(kernel.messages).toHaveLength(2);
    expect(kernel.messages[1]).toMatchObject({ renew: true });
  });

  it('forgets a variable, and takes it out of the kernel', async () => {
    const kernel = new FakeKernel({ listens: true });
    const { model, notebook } = await attachments(kernel, [RECORD]);
    await model.remove('x');
    expect(notebook.metadata.has('rucio_attachments')).toBe(false);
    expect(kernel.messages[1]).toEqual({ action: 'detach', names: ['x'] });
  });

  it('says why nothing can be set when Jupyter knows no lake', async () => {
    const kernel = new FakeKernel({ listens: true });
    const { model, server } = await attachments(kernel);
    delete server.routes['GET instances'];
    const other = new Attachments(
      panelOf(kernel, []).panel,
      new LakeModel({ settings: server.settings }),
      new Preferences()
    );
    await other.add(RECORD);
    expect(other.state('x').problem?.error).toBe('ExtensionMissing');
    expect(model.names).toEqual([]);
  });

  it('lets one wrong record hold up no other', async () => {
    const kernel = new FakeKernel({ listens: true });
    kernel.dislikes = 'list';
    const { model } = await attachments(kernel, [
      { ...RECORD, variableName: 'list' },
      RECORD
    ]);
    expect(model.state('x').phase).toBe('set');
    expect(model.state('list').problem?.error).toBe('InvalidInput');
  });

  it('leaves a variable alone when its data has come, where the person does not want it', async () => {
    const kernel = new FakeKernel({ listens: true });
    const { lake, preferences, state } = await attachments(kernel, [RECORD]);
    preferences.renewVariables = false;
    state.status = 'available';
    lake.statuses.hint('lake', 's:d');
    await settle();
    expect(kernel.messages).toHaveLength(1);
  });

  it('sets a variable again when its data has gone', async () => {
    const kernel = new FakeKernel({ listens: true });
    const { lake, state } = await attachments(kernel, [RECORD], {
      status: 'available'
    });
    state.status = 'absent';
    lake.statuses.hint('lake', 's:d');
    await settle();
    expect(kernel.messages).toHaveLength(2);
  });

  it('renames a variable in the kernel and in the record, at its place', async () => {
    const kernel = new FakeKernel({ listens: true });
    const other = { ...RECORD, variableName: 'y' };
    const { model, notebook } = await attachments(kernel, [RECORD, other]);
    await model.rename('x', 'z');
    expect(kernel.messages[1]).toEqual({
      action: 'rename',
      handover: '/run/dlaas-1',
      name: 'x',
      variable: { ...RECORD, variableName: 'z' }
    });
    expect(model.names).toEqual(['z', 'y']);
    expect(notebook.metadata.get('rucio_attachments')).toHaveLength(2);
    expect(model.state('z').phase).toBe('set');
    expect(model.state('x').phase).toBe('unknown');
  });

  it('renames nowhere when the kernel refuses', async () => {
    const kernel = new FakeKernel({ listens: true });
    kernel.dislikes = 'z';
    const { model } = await attachments(kernel, [RECORD]);
    const problem = await refusalOf(model.rename('x', 'z'));
    expect(problem.error).toBe('InvalidInput');
    expect(model.names).toEqual(['x']);
    expect(model.state('x').phase).toBe('set');
  });

  it('renames in the record where the kernel can hold no variable', async () => {
    const kernel = new FakeKernel({ listens: false, hasLibrary: false });
    const { model } = await attachments(kernel, [RECORD]);
    await model.rename('x', 'z');
    expect(model.names).toEqual(['z']);
    expect(model.state('z').problem?.error).toBe('KernelWithoutLibrary');
    const none = await attachments(null, [RECORD]);
    await none.model.rename('x', 'z');
    expect(none.model.names).toEqual(['z']);
  });

  it('moves a variable, and keeps what is no record of ours', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map(variableName => ({
      ...RECORD,
      variableName
    }));
    const { model, notebook } = await attachments(null, [a, 'odd', b, c]);
    model.move('a', 2);
    expect(model.names).toEqual(['b', 'c', 'a']);
    model.move('c', 0);
    expect(model.names).toEqual(['c', 'b', 'a']);
    model.move('c', -1);
    model.move('a', 3);
    model.move('gone', 1);
    expect(notebook.metadata.get('rucio_attachments')).toEqual([
      c,
      b,
      a,
      'odd'
    ]);
  });

  it('sets what another client of the notebook attached, and forgets what it detached', async () => {
    const kernel = new FakeKernel({ listens: true });
    const { model, notebook } = await attachments(kernel, [RECORD]);
    const other = { ...RECORD, variableName: 'theirs' };
    notebook.panel.context.model.setMetadata('rucio_attachments', [other]);
    await settle();
    expect(model.names).toEqual(['theirs']);
    expect(model.state('theirs').phase).toBe('set');
    expect(model.state('x').phase).toBe('unknown');
    expect(kernel.messages).toHaveLength(2);
    expect(kernel.messages[1]).toMatchObject({
      renew: true,
      variables: [other]
    });
    // The same value again, as a save writes it, is no news.
    notebook.panel.context.model.setMetadata('rucio_attachments', [other]);
    await settle();
    expect(kernel.messages).toHaveLength(2);
  });

  it('counts each DID once, whatever its names', async () => {
    const { lake, model } = await attachments(null, [
      RECORD,
      { ...RECORD, variableName: 'again' }
    ]);
    expect(model.isAsking).toBe(true);
    await lake.refresh();
    await settle();
    expect(model.isAsking).toBe(false);
    expect(model.summary).toMatchObject({ items: 1, missing: 1 });
    expect(model.missing.map(({ did }) => did)).toEqual(['s:d']);
  });

  it('tells its views when the notebook is renamed', async () => {
    const { model, notebook } = await attachments(null, [RECORD]);
    let told = 0;
    model.stateChanged.connect(() => (told += 1));
    notebook.rename('other.ipynb');
    expect(told).toBe(1);
  });
});
