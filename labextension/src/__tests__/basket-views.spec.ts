import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { BasketSection } from '../basket/index';
import { BasketModel } from '../basket/model';
import { LakeModel } from '../lake/model';
import { askStage } from '../notebook/stage/index';
import { StageModel } from '../notebook/stage/model';
import type { Problem } from '../schema';
import { Server, instances, refusal, settle, status } from './server';

const HOST = 'https://esap.test/';
const trans = nullTranslator.load('jupyter_dlaas');

async function paint(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) {
    await settle();
    await new Promise(resolve => requestAnimationFrame(() => resolve(null)));
  }
}

async function lakeOf(routes: Server['routes']) {
  const server = new Server({
    'GET instances': () => instances(),
    'GET lake/status': () => status(),
    ...routes
  });
  const lake = new LakeModel({ settings: server.settings });
  await lake.refresh();
  return { lake, server };
}

describe('the basket of an ESAP for which no token is known', () => {
  async function section() {
    const told = async (error: string) => {
      const message = `${error}, said the server.`;
      const blame: Problem['blame'] = 'credential';
      const problem = await refusal(401, { error, message, blame }).json();
      const hosts = [{ host: HOST, problem, typed: false }];
      return { hosts, items: [], warnings: [] };
    };
    const first = await told('LoginRequired');
    const refused = await told('CannotAuthenticate');
    const { lake } = await lakeOf({
      'GET basket': () => first,
      'POST basket/read': () => refused
    });
    const acts = Object.fromEntries(
      ['stage', 'attach', 'download', 'remove', 'add'].map(name => [
        name,
        () => undefined
      ])
    ) as unknown as ConstructorParameters<typeof BasketSection>[2];
    const model = new BasketModel(lake);
    const widget = new BasketSection(model, trans, acts);
    Widget.attach(widget, document.body);
    await paint();
    return { model, widget };
  }

  it('is explained, and is no failure', async () => {
    const { widget } = await section();
    const { node } = widget;
    expect(node.querySelector('.jp-Dlaas-problem, [role=alert]')).toBeNull();
    expect(node.textContent).toContain('into the basket of ESAP');
    expect(node.textContent).toContain('LoginRequired, said the server.');
    expect(node.querySelectorAll('ol > li')).toHaveLength(2);
    expect(node.querySelector('ol a')?.getAttribute('href')).toBe(
      `${HOST}esap-gui/`
    );
    expect(node.querySelectorAll('form input')).toHaveLength(1);
    Widget.detach(widget);
  });

  it('says which token was refused, and lets the keyboard stay in the field', async () => {
    const { model, widget } = await section();
    const { node } = widget;
    const field = node.querySelector<HTMLInputElement>('form input')!;
    field.focus();
    await model.read(HOST, 'nonsense');
    await paint();
    const alert = node.querySelector<HTMLElement>('[role=alert]');
    expect(alert?.dataset.error).toBe('CannotAuthenticate');
    expect(document.activeElement).toBe(field);
    Widget.detach(widget);
  });
});

describe('making several available', () => {
  it('says calmly which one is there already, and until when', async () => {
    const end = new Date(Date.now() + 5 * 86400_000).toISOString();
    const { lake, server }: Awaited<ReturnType<typeof lakeOf>> = await lakeOf({
      'POST lake/rules': () => {
        const { did } = server.bodies[server.bodies.length - 1] as {
          did: string;
        };
        return did === 's:there'
          ? refusal(409, {
              error: 'DuplicateRule',
              details: { rule_id: 'r', expires_at: end }
            })
          : refusal(413, { error: 'InsufficientAccountLimit' });
      }
    });
    const items = ['s:there', 's:no'].map(did =>
      lake.statuses.get('lake', did)
    );
    const model = new StageModel(lake, items);
    const closed = askStage(model, trans);
    await paint();
    await model.submit();
    await paint();
    const [there, no] = document.querySelectorAll('.jp-Dialog [data-did]');
    expect(there.querySelector('[role=alert]')).toBeNull();
    expect(there.querySelector('[role=status]')?.textContent).toContain(
      'You have it already until'
    );
    expect(there.querySelector('time')?.dateTime).toBe(end);
    expect(there.textContent).toContain('Extend that rule');
    expect(no.querySelector('[role=alert]')?.textContent).toContain('quota');
    const dialog = document.querySelector('.jp-Dialog')!;
    const escape = { key: 'Escape', bubbles: true };
    dialog.dispatchEvent(new KeyboardEvent('keydown', escape));
    await closed;
  });
});
