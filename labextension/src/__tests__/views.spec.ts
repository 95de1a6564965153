import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';

import { AvailableModel } from '../available/model';
import { askAvailable } from '../available/index';
import { LakeModel } from '../lake/model';
import { DataLakePanel } from '../panel';
import { CommandIDs } from '../tokens';
import { TransfersSection } from '../transfers/index';
import { TransfersModel } from '../transfers/model';
import {
  END,
  Server,
  entry,
  granted,
  instance,
  instances,
  job,
  refusal,
  rule,
  settle,
  status,
  stream
} from './server';

const trans = nullTranslator.load('jupyter_dlaas');
const opened: Widget[] = [];

async function paint(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) {
    await settle();
    await new Promise(resolve => requestAnimationFrame(() => resolve(null)));
  }
}

async function open(routes: Server['routes']) {
  const server = new Server({ 'GET instances': () => instances(), ...routes });
  const lake = new LakeModel({ settings: server.settings });
  const commands = new CommandRegistry();
  const executed: string[] = [];
  for (const id of [CommandIDs.makeAvailable, CommandIDs.attach]) {
    commands.addCommand(id, { execute: () => void executed.push(id) });
  }
  const panel = new DataLakePanel({
    lake,
    commands,
    trans,
    reveal: () => undefined
  });
  Widget.attach(panel, document.body);
  opened.push(panel);
  await paint();
  const find = (selector: string) =>
    panel.node.querySelector<HTMLElement>(selector);
  return { executed, find, lake, panel, server };
}

function press(node: Element, key: string): void {
  node.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
}

beforeAll(() => {
  // jsdom lays nothing out: what is drawn depends on the height of the list.
  for (const [name, value] of [
    ['clientHeight', 480],
    ['clientWidth', 300]
  ] as const) {
    Object.defineProperty(Element.prototype, name, {
      configurable: true,
      get: () => value
    });
  }
});

afterEach(() => {
  opened.splice(0).forEach(widget => widget.dispose());
});

describe('the panel', () => {
  it('offers the login and nothing else to whom is not logged in', async () => {
    const out = instance();
    out.login = { ...out.login, state: 'logged_out', account: null };
    const { find } = await open({ 'GET instances': () => instances(out) });
    expect(find('form')?.getAttribute('aria-label')).toBe('Log in to The lake');
    expect(find('input[name=password]')?.getAttribute('type')).toBe('password');
    expect(find('[role=tab]')?.closest('.lm-mod-hidden')).not.toBeNull();
    expect(find('[role=tabpanel]:not(.lm-mod-hidden)')).toBeNull();
  });

  it('shows the login that a transfer waits for, also to whom has gone on without', async () => {
    const out = instance();
    out.login = { ...out.login, state: 'logged_out', account: null };
    const { find, lake, panel } = await open({
      'GET instances': () => instances(out),
      'GET jobs': () => [job({ state: 'waiting', instance: out.name })]
    });
    const transfers = new TransfersModel(lake);
    const widget = new TransfersSection(transfers, trans, panel);
    panel.addSection({ id: 'transfers', widget, rank: 20 });
    panel.open('transfers');
    await paint();
    const [button] = [...widget.node.querySelectorAll('button')].filter(
      ({ textContent }) => textContent === 'Log in to The lake…'
    );
    expect(panel.hasClass('jp-mod-covered')).toBe(true);
    button.click();
    await paint();
    expect(panel.hasClass('jp-mod-covered')).toBe(false);
    expect(find('[role=tabpanel]:not(.lm-mod-hidden)')).toBeNull();
    expect(find('.jp-Dlaas-login')?.contains(document.activeElement)).toBe(
      true
    );
    transfers.dispose();
  });

  it('says which storage does not accept the login that there is', async () => {
    const { lake, panel } = await open({
      'GET jobs': () => [
        job({
          state: 'waiting',
          instance: instance().name,
          problem: {
            error: 'LoginRequired',
            message: 'NORTH does not accept it.',
            blame: 'credential',
            remedy: 'Log in again.',
            details: { rse: 'NORTH' }
          }
        })
      ]
    });
    const transfers = new TransfersModel(lake);
    const widget = new TransfersSection(transfers, trans, panel);
    panel.addSection({ id: 'transfers', widget, rank: 20 });
    panel.open('transfers');
    await paint();
    const note = widget.node.querySelector('[role=note]');
    expect(note?.textContent).toContain('The storage does not know you');
    expect(note?.textContent).toContain('NORTH does not accept it.');
    transfers.dispose();
  });

  it('says that its server part is missing', async () => {
    const { find } = await open({
      'GET instances': () => new Response('', { status: 404 })
    });
    expect(find('[role=alert]')?.dataset.error).toBe('ExtensionMissing');
    expect(find('[role=alert]')?.textContent).toContain('Try again');
  });

  it('shows each instance that cannot be used with its reason', async () => {
    const broken = instance({
      problem: await refusal(400, { error: 'ConfigurationError' }).json()
    });
    broken.login = { ...broken.login, state: 'logged_out' };
    const { find } = await open({ 'GET instances': () => instances(broken) });
    expect(find('[role=alert]')?.dataset.error).toBe('ConfigurationError');
  });

  it('draws what was found as a tree that the keyboard can walk', async () => {
    const { executed, find, lake, panel } = await open({
      'GET lake/dids': () =>
        stream(
          entry('s:c', 'dataset', { files: 2 }),
          entry('s:f', 'file', { bytes: 1500 }),
          END
        ),
      'GET lake/contents': () => stream(entry('s:c1', 'file'), END),
      'GET lake/status': () => status({ state: 'available' }),
      'GET lake/metadata': () => ({ custom: {}, open: null }),
      'GET lake/rules': () => []
    });
    panel.search('s:*');
    await paint();
    const tree = find('[role=tree]')!;
    const rows = () => [...tree.querySelectorAll('[role=treeitem]')];
    expect(rows().map(row => row.getAttribute('aria-label'))).toEqual([
      's:c, dataset, 2 files',
      's:f, file, 1.50\u00a0kB'
    ]);
    expect(rows()[0].getAttribute('aria-setsize')).toBe('2');
    press(tree, 'ArrowRight');
    await paint();
    expect(rows()).toHaveLength(3);
    expect(rows()[1].getAttribute('aria-level')).toBe('2');
    press(tree, 'ArrowDown');
    press(tree, 'Enter');
    await paint();
    expect(lake.selected?.did).toBe('s:c1');
    expect(tree.getAttribute('aria-activedescendant')).toBe(rows()[1].id);
    const card = find('[aria-label="Selected DID"]')!;
    expect(card.textContent).toContain('Available');
    const act = [...card.querySelectorAll('button')].find(
      button => button.textContent === 'Make available…'
    );
    act!.click();
    expect(executed).toEqual([CommandIDs.makeAvailable]);
    press(tree, 'ArrowLeft');
    press(tree, 'ArrowLeft');
    await paint();
    expect(rows()).toHaveLength(2);
  });

  it('draws only the rows in sight', async () => {
    const many = Array.from({ length: 5000 }, (_, n) =>
      entry(`s:f${n}`, 'file')
    );
    const text = [...many, END].map(row => JSON.stringify(row)).join('\n');
    const { find, panel } = await open({
      'GET lake/dids': () => new Response(text)
    });
    panel.search('s:*');
    await paint();
    const tree = find('[role=tree]')!;
    press(tree, 'End');
    await paint();
    const rows = tree.querySelectorAll('[role=treeitem]');
    expect(rows.length).toBeLessThan(100);
    // The active row is there for assistive technology, even out of sight.
    const active = tree.getAttribute('aria-activedescendant')!;
    expect(tree.ownerDocument.getElementById(active)?.dataset.did).toBe(
      's:f4999'
    );
  });

  it('tells the error of a rule once', async () => {
    const error = 'Connection refused';
    const told = async (reason: string) => {
      const { find, lake } = await open({
        'GET lake/status': () => status({ state: 'stuck', reason }),
        'GET lake/rules': () => [rule({ state: 'STUCK', error })],
        'GET lake/replicas': () => stream(END),
        'GET lake/parents': () => stream(END),
        'GET lake/metadata': () => ({ custom: {}, open: null })
      });
      lake.selected = { instance: 'lake', did: 's:d', type: 'dataset' };
      await paint();
      const text = find('[aria-label="Selected DID"]')!.textContent!;
      expect(text).toContain('Rules (1)');
      return text.split(error).length - 1;
    };
    expect(await told(`Transfers to MOUNT failed: ${error}`)).toBe(1);
    expect(await told('It is not here.')).toBe(1);
  });

  it('opens the menu that the keyboard asks for on the active row', async () => {
    const { find, lake, panel } = await open({
      'GET lake/dids': () => stream(entry('s:a'), entry('s:b'), END),
      'GET lake/status': () => status()
    });
    panel.search('s:*');
    await paint();
    const tree = find('[role=tree]')!;
    press(tree, 'End');
    await paint();
    const asked: EventTarget[] = [];
    document.addEventListener(
      'contextmenu',
      event => void (event.target && asked.push(event.target)),
      { once: true }
    );
    const init = { bubbles: true, cancelable: true, shiftKey: true };
    tree.dispatchEvent(new MouseEvent('contextmenu', init));
    expect((asked[0] as HTMLElement).dataset.did).toBe('s:b');
    expect(lake.selected?.did).toBe('s:b');
  });

  it('does not deny what only is of another type', async () => {
    const { find, panel } = await open({
      'GET lake/dids': request =>
        request.url.includes('type=all')
          ? stream(entry('s:a'), END)
          : stream(END)
    });
    const said = () => find('.jp-Dlaas-nothing')?.textContent;
    panel.search('s:a', 'file');
    await paint();
    expect(said()).toContain('Nothing of this type has such a name.');
    expect(said()).not.toContain('There is no such DID');
  });

  it('names two hundred of those that were not found, and how many more there are', async () => {
    const names = Array.from({ length: 300 }, (_, n) => `s:none.${n}`);
    const missing = await refusal(404, { error: 'ScopeNotFound' }).json();
    const lines = names.map(name => ({
      name,
      entries: [],
      done: true,
      truncated: false,
      missing
    }));
    const { find, panel } = await open({
      'POST lake/lookup': () =>
        new Response(
          [...lines, END].map(line => `${JSON.stringify(line)}\n`).join('')
        )
    });
    panel.search(names.join(' '));
    for (let turn = 0; turn < 10; turn += 1) {
      await paint();
    }
    const list = find('.jp-Dlaas-missing')!;
    expect(list.textContent).toContain('300 of 300 were not found');
    expect(list.textContent).toContain('and 100 more');
    expect(list.querySelectorAll('code')).toHaveLength(200);
  });

  it('goes from tab to tab with the arrow keys', async () => {
    const { find, panel } = await open({});
    const widget = new Widget();
    widget.title.label = 'Second';
    panel.addSection({ id: 'second', widget, rank: 5 });
    await paint();
    press(find('[role=tablist]')!, 'ArrowRight');
    await paint();
    expect(find('[role=tab][aria-selected=true]')?.textContent).toBe('Second');
    expect(widget.isVisible).toBe(true);
  });

  it('leaves the caret where the person types', async () => {
    const { find } = await open({});
    const box = find('input[type=search]') as HTMLInputElement;
    const type = async (text: string, caret: number) => {
      // As a browser does: the value first, by the prototype's setter, then the event.
      Object.getOwnPropertyDescriptor(
        HTMLInputElement.prototype,
        'value'
      )!.set!.call(box, text);
      box.setSelectionRange(caret, caret);
      box.dispatchEvent(new Event('input', { bubbles: true }));
      await paint();
    };
    await type('s:ac', 4);
    await type('s:abc', 4);
    expect([box.value, box.selectionStart]).toEqual(['s:abc', 4]);
  });

  it('asks nothing while it is hidden', async () => {
    const { panel, server } = await open({});
    panel.hide();
    server.requests.length = 0;
    await paint();
    expect(server.requests).toEqual([]);
    panel.show();
    await paint();
    expect(server.requests).toEqual(['GET instances']);
  });
});

describe('a dialog', () => {
  async function dialog(routes: Server['routes']) {
    const server = new Server({
      'GET instances': () => instances(),
      'GET lake/status': () => status(),
      ...routes
    });
    const lake = new LakeModel({ settings: server.settings });
    await lake.refresh();
    const item = { instance: 'lake', did: 's:d', type: 'dataset' as const };
    const closed = askAvailable(new AvailableModel(lake, item), trans);
    await paint();
    const node = document.querySelector<HTMLElement>('.jp-Dialog')!;
    const accept = node.querySelector<HTMLButtonElement>('.jp-mod-accept')!;
    return { accept, closed, node };
  }

  it('leaves Enter to the buttons in it', async () => {
    const { accept, closed, node } = await dialog({
      'POST lake/rules': () => refusal(409, { error: 'DuplicateRule' })
    });
    accept.click();
    await paint();
    const extend = node.querySelector<HTMLButtonElement>(
      '.jp-Dlaas-problem button'
    )!;
    extend.focus();
    const enter = new KeyboardEvent('keydown', {
      key: 'Enter',
      bubbles: true,
      cancelable: true
    });
    extend.dispatchEvent(enter);
    expect(enter.defaultPrevented).toBe(false);
    press(node, 'Escape');
    await closed;
  });

  it('stays open with its problem, and Escape closes it', async () => {
    const { accept, closed, node } = await dialog({
      'POST lake/rules': () => refusal(403, { error: 'AccessDenied' })
    });
    accept.click();
    await paint();
    expect(document.body.contains(node)).toBe(true);
    expect(node.querySelector('[data-error=AccessDenied]')).not.toBeNull();
    expect(accept.disabled).toBe(false);
    press(node, 'Escape');
    await closed;
    expect(document.body.contains(node)).toBe(false);
  });

  it('shows what was granted before it is closed', async () => {
    const { accept, closed, node } = await dialog({
      'POST lake/rules': () => granted()
    });
    accept.click();
    await paint();
    expect(node.textContent).toContain('Granted until');
    expect(accept.style.display).toBe('none');
    node.querySelector<HTMLButtonElement>('.jp-mod-reject')!.click();
    await closed;
  });
});
