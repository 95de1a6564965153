import { nullTranslator } from '@jupyterlab/translation';

import { beginning, namedInstance } from '../completion/text';
import { DIDCompletion } from '../completion/provider';
import { LakeModel } from '../lake/model';
import type { IKnown } from '../lake/statuses';
import { Attachments } from '../notebook/attachments';
import { CellsModel } from '../notebook/cells/model';
import { cellsUsing, didsIn } from '../notebook/cellsOf';
import { PublishModel } from '../notebook/publish/model';
import { RenameModel } from '../notebook/rename/model';
import { StageModel } from '../notebook/stage/model';
import { summarize, summaryText } from '../notebook/summary';
import { Preferences } from '../preferences';
import { panelOf } from './kernels';
import {
  Server,
  granted,
  instance,
  instances,
  job,
  refusal,
  settle,
  status
} from './server';

const trans = nullTranslator.load('jupyter_dlaas');
const RECORD = {
  variableName: 'x',
  did: 's:d',
  type: 'collection' as const,
  instance: null
};

function known(did: string, more: Partial<IKnown> = {}): IKnown {
  return {
    instance: 'lake',
    did,
    status: status({ did }),
    problem: null,
    isAsking: false,
    ...more
  };
}

async function lakeOf(routes: Server['routes'] = {}) {
  const server = new Server({
    'GET instances': () => instances(),
    'GET lake/status': () => status(),
    ...routes
  });
  const lake = new LakeModel({ settings: server.settings });
  await lake.refresh();
  return { lake, server };
}

describe('summaryText', () => {
  const problem = {
    error: 'DataIdentifierNotFound',
    message: '',
    blame: 'you' as const,
    remedy: '',
    details: {}
  };

  it('says how many are here and how many need staging', () => {
    const here = { status: status({ state: 'available' }) };
    const all = [1, 2, 3].map(n => known(`s:${n}`, here));
    const summary = summarize([...all, known('s:4'), known('s:5')]);
    expect(summaryText(summary, false, trans)).toBe(
      '5 data items: 3 here, 2 need staging'
    );
    expect(summaryText(summary, true, trans)).toBe(
      '5 data items: looking where…'
    );
    expect(summaryText(summarize(all), false, trans)).toBe(
      '3 data items: all here'
    );
  });

  it('counts what is on the way, stuck, not found, unknown, or expires soon', () => {
    const soon = new Date(Date.now() + 3600_000).toISOString();
    const summary = summarize([
      known('s:1', { status: status({ state: 'replicating' }) }),
      known('s:2', { status: status({ state: 'stuck' }) }),
      known('s:3', { status: null, problem }),
      known('s:4', {
        status: null,
        problem: { ...problem, error: 'TookTooLong' }
      }),
      known('s:5', { status: status({ state: 'available', expires_at: soon }) })
    ]);
    expect(summaryText(summary, false, trans)).toBe(
      '5 data items: 1 here, 1 on the way, 1 stuck, 1 not found, 1 unknown, 1 expires soon'
    );
  });
});

describe('StageModel', () => {
  it('asks for each item, and keeps a refusal from the others', async () => {
    const { lake, server }: Awaited<ReturnType<typeof lakeOf>> = await lakeOf({
      'POST lake/rules': () => {
        const { did } = server.bodies[server.bodies.length - 1] as IKnown;
        return did === 's:no' ? refusal(413) : granted();
      }
    });
    const items = [known('s:yes'), known('s:no')];
    const form = new StageModel(lake, items);
    expect(form.bytes).toBe(8000);
    expect(form.usual).toBe(14 * 86400);
    await form.submit();
    expect(form.isDone).toBe(true);
    expect(form.outcome(items[0])?.granted?.new).toBe(true);
    expect(form.outcome(items[1])?.problem?.error).toBe('RucioFailed');
    expect(server.count('POST lake/rules')).toBe(2);
  });

  it('proposes the lifetime that every instance grants', async () => {
    const { lake } = await lakeOf({
      'GET instances': () =>
        instances(
          instance(),
          instance({ name: 'b', default: false, default_lifetime: 86400 })
        )
    });
    const form = new StageModel(lake, [
      known('s:1'),
      known('s:2', { instance: 'b' })
    ]);
    expect(form.usual).toBe(86400);
    expect(new StageModel(lake, []).isValid).toBe(false);
  });

  it('says no sum where a size is not known', async () => {
    const { lake } = await lakeOf();
    const sizeless = known('s:1', { status: status({ bytes: null }) });
    expect(new StageModel(lake, [sizeless, known('s:2')]).bytes).toBe(null);
  });
});

describe('RenameModel', () => {
  const CELLS = [
    'print(x)',
    '# x in a text',
    'max_x = data.x + xs',
    'for f in x: pass'
  ];

  async function renaming(names = ['x', 'y']) {
    const { lake } = await lakeOf();
    const records = names.map(variableName => ({ ...RECORD, variableName }));
    const { panel } = panelOf(null, records, CELLS);
    const model = new Attachments(panel, lake, new Preferences());
    return { model, form: new RenameModel(model, records[0]) };
  }

  it('tells which cells use the old name, and leaves them alone', async () => {
    const { form, model } = await renaming();
    expect(form.cells).toEqual([1, 4]);
    form.name = 'z';
    await form.submit();
    expect(form.isDone).toBe(true);
    expect(model.names).toEqual(['z', 'y']);
    expect(cellsUsing(model.panel, 'x')).toEqual([1, 4]);
  });

  it('takes no name that is wrong, taken or the same', async () => {
    const { form } = await renaming();
    const faults = ['', '1x', 'print', 'y', 'ok'].map(name => {
      form.name = name;
      return form.fault;
    });
    expect(faults).toEqual(['missing', 'form', 'taken', 'used', null]);
    form.name = 'x';
    expect(form.fault).toBe(null);
    expect(form.isValid).toBe(false);
  });
});

describe('CellsModel', () => {
  it('inserts the cell that was chosen', async () => {
    const cells = ['As a variable', 'pandas'].map(title => ({
      title,
      language: 'python',
      code: `# ${title}`
    }));
    const { lake, server } = await lakeOf({ 'GET lake/snippets': () => cells });
    const inserted: string[] = [];
    const form = new CellsModel(lake, RECORD, 'python', code =>
      inserted.push(code)
    );
    expect(form.isValid).toBe(false);
    await form.loaded;
    form.index = 1;
    await form.submit();
    expect(inserted).toEqual(['# pandas']);
    expect(server.requests).toContain(
      'GET lake/snippets?did=s%3Ad&name=x&language=python'
    );
  });

  it('says why there are none', async () => {
    const { lake } = await lakeOf({ 'GET lake/snippets': () => refusal(400) });
    const form = new CellsModel(lake, RECORD, 'fortran', () => undefined);
    await form.loaded;
    expect(form.problem?.error).toBe('RucioFailed');
    expect(form.isValid).toBe(false);
  });
});

describe('PublishModel', () => {
  const CELLS = [
    'import dlaas\ne = dlaas.did("other:data")\ng = dlaas.did("s:d")',
    'pd.read_csv("rucio://s/a.csv"), pd.read_csv("rucio://s/d")'
  ];

  async function publishing(routes: Server['routes'] = {}) {
    const { lake, server } = await lakeOf({
      'GET lake/scopes': () => ['user.alice', 'team'],
      'POST lake/publications': () => job({ kind: 'publish' }),
      ...routes
    });
    const notebook = panelOf(null, [RECORD], CELLS);
    const model = new Attachments(notebook.panel, lake, new Preferences());
    const form = new PublishModel(lake, model);
    await form.loaded;
    return { form, notebook, server };
  }

  it('saves the notebook, then asks with the inputs that are ticked', async () => {
    const { form, notebook, server } = await publishing();
    expect(form.attached).toEqual(['s:d']);
    expect(form.named).toEqual(['other:data', 'rucio://s/a.csv']);
    form.tick('other:data', false);
    form.name = ' higgs-v1 ';
    await form.submit();
    expect(form.job?.kind).toBe('publish');
    expect(notebook.saved).toEqual(['n.ipynb']);
    expect(server.bodies).toEqual([
      {
        notebook: 'n.ipynb',
        scope: 'user.alice',
        name: 'higgs-v1',
        inputs: ['rucio://s/a.csv']
      }
    ]);
  });

  it('stays open with the refusal, and takes no odd name', async () => {
    const details = { found: ['n.ipynb, cell 2, line 1: a token'] };
    const { form, server } = await publishing({
      'POST lake/publications': () =>
        refusal(400, { error: 'InvalidInput', blame: 'you', details })
    });
    await form.submit();
    expect(form.isDone).toBe(false);
    expect(form.problem?.details.found).toHaveLength(1);
    form.isSure = true;
    await form.submit();
    form.scope = 'team';
    await form.submit();
    expect(
      server.bodies.map(body => 'even_with_secrets' in (body as object))
    ).toEqual([false, true, false]);
    form.name = 'a b';
    expect(form.problem).toBe(null);
    expect(form.isValid).toBe(false);
  });
});

describe('didsIn', () => {
  it('finds references and what is given to did()', () => {
    const { panel } = panelOf(null, undefined, [
      "open('rucio://x@s/n/m.root'); did('a:b'); 'http://s/n'; did(f\"a:{b}\")",
      "# did('in:text')",
      "did('a:b')"
    ]);
    expect(didsIn(panel)).toEqual(['rucio://x@s/n/m.root', 'a:b']);
  });
});

describe('completion', () => {
  it('begins inside strings that look like a DID, and nowhere else', () => {
    const yes = {
      'dlaas.did("ATLAS:': 'ATLAS:',
      "f('a', 'user.alice:da": 'user.alice:da',
      '"lake@ATLAS:x': 'lake@ATLAS:x',
      'open("rucio://': 'rucio://',
      'open("rucio://lake@s/na': 'rucio://lake@s/na'
    };
    for (const [line, text] of Object.entries(yes)) {
      expect(beginning(line)).toBe(text);
    }
    for (const line of [
      'ATLAS:',
      '"ATLAS',
      '"ATLAS:x" + y',
      '"http://x',
      '"C:\\\\data',
      '"x: ',
      'f"{x:',
      '# "ATLAS:',
      '"s:*'
    ]) {
      expect(beginning(line)).toBe(null);
    }
    expect(namedInstance('rucio://lake@s/n')).toBe('lake');
    expect(namedInstance('s:n@m')).toBe(null);
  });

  it('replaces what is begun, counted in characters', async () => {
    const { lake, server } = await lakeOf({
      'GET lake/complete': () => ['s:data', 's:dark']
    });
    const provider = new DIDCompletion(lake);
    const text = "'😀'; did('s:da')";
    const offset = [...text].length - 2;
    const reply = await provider.fetch({ text, offset });
    expect(reply.items.map(({ label }) => label)).toEqual(['s:data', 's:dark']);
    expect([reply.start, reply.end]).toEqual([offset - 4, offset]);
    await provider.fetch({ text, offset });
    expect(server.count('GET lake/complete')).toBe(1);
    // Later there may be a login, or more DIDs.
    const later = Date.now() + 60_000;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(later);
    await provider.fetch({ text, offset });
    clock.mockRestore();
    expect(server.count('GET lake/complete')).toBe(2);
  });

  it('asks nobody outside a string, without a login, or of an unknown instance', async () => {
    const { lake, server } = await lakeOf({
      'GET lake/complete': () => ['s:d']
    });
    const provider = new DIDCompletion(lake);
    const fetch = (text: string) =>
      provider.fetch({ text, offset: text.length });
    expect((await fetch('s:d')).items).toEqual([]);
    expect((await fetch('"elsewhere@s:d')).items).toEqual([]);
    expect(server.count('GET lake/complete')).toBe(0);
  });

  it('answers with nothing when the lake refuses', async () => {
    const { lake } = await lakeOf({ 'GET lake/complete': () => refusal(502) });
    const provider = new DIDCompletion(lake);
    const reply = await provider.fetch({ text: '"s:d', offset: 4 });
    await settle();
    expect(reply.items).toEqual([]);
  });
});
