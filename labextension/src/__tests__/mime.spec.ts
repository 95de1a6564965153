import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';

import { LakeModel } from '../lake/model';
import { DIDOutput, DID_TYPE } from '../plugins/mime';
import { CommandIDs } from '../tokens';
import { Server, instances, refusal, settle, status } from './server';

const SHOWN = {
  did: 's:d',
  instance: null,
  type: 'dataset',
  name: 'd',
  size: 4000,
  state: 'absent'
};
const trans = nullTranslator.load('jupyter_dlaas');
let see: (isIntersecting: boolean) => void = () => undefined;

beforeAll(() => {
  Object.assign(window, {
    IntersectionObserver: class {
      constructor(callback: (entries: unknown[]) => void) {
        see = isIntersecting => callback([{ isIntersecting }]);
      }
      observe(): void {
        // Seen when the test says so.
      }
      disconnect(): void {
        // Nothing to end.
      }
    }
  });
});

async function outputOf(shown: unknown, routes: Server['routes'] = {}) {
  const server = new Server({
    'GET instances': () => instances(),
    'GET lake/status': () => status({ state: 'available' }),
    ...routes
  });
  const lake = new LakeModel({ settings: server.settings });
  const commands = new CommandRegistry();
  const executed: unknown[] = [];
  commands.addCommand(CommandIDs.makeAvailable, {
    execute: args => void executed.push(args)
  });
  const output = new DIDOutput(
    lake,
    commands,
    { sanitize: html => html.replace(/<script>.*<\/script>/, '') },
    trans
  );
  Widget.attach(output, document.body);
  const html = '<table><tr><td>DID</td></tr></table><script>bad()</script>';
  await output.renderModel({
    trusted: false,
    data: { [DID_TYPE]: shown as never, 'text/html': html },
    metadata: {},
    setData: () => undefined
  });
  await settle();
  return { executed, lake, output, server };
}

describe('a DID in the output of a cell', () => {
  it('asks for nothing before it is seen, and for news while it is', async () => {
    const { lake, output, server } = await outputOf(SHOWN);
    expect(server.requests).toEqual([]);
    see(true);
    await settle();
    expect(server.count('GET lake/status')).toBe(1);
    expect(output.node.textContent).toContain('Available');
    lake.statuses.hint('lake', 's:d');
    await settle();
    expect(server.count('GET lake/status')).toBe(2);
    see(false);
    lake.statuses.hint('lake', 's:d');
    await settle();
    expect(server.count('GET lake/status')).toBe(2);
    output.dispose();
  });

  it('has buttons for the commands that there are', async () => {
    const { executed, output } = await outputOf(SHOWN);
    see(true);
    await settle();
    const buttons = [...output.node.querySelectorAll('button')];
    expect(buttons.map(button => button.textContent)).toEqual([
      'Make available…'
    ]);
    buttons[0].click();
    expect(executed).toEqual([{ did: 's:d', instance: 'lake' }]);
    output.dispose();
  });

  it('is the sanitized HTML where the server knows nothing of lakes', async () => {
    const { output } = await outputOf(SHOWN, {
      'GET instances': () => refusal(404)
    });
    see(true);
    await settle();
    expect(output.node.querySelector('table')).not.toBeNull();
    expect(output.node.innerHTML).not.toContain('script');
    output.dispose();
  });

  it.each([
    null,
    'text',
    { ...SHOWN, did: 7 },
    { ...SHOWN, did: 'none' },
    { ...SHOWN, type: 'other' },
    { ...SHOWN, instance: { a: 1 } }
  ])('asks for nothing that the library did not write: %j', async shown => {
    const { output, server } = await outputOf(shown);
    see(true);
    await settle();
    expect(server.requests).toEqual([]);
    expect(output.node.querySelector('table')).not.toBeNull();
    output.dispose();
  });
});
