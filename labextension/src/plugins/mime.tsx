import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { IRenderMime } from '@jupyterlab/rendermime';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { Button } from '../components/button';
import { Item } from '../components/item';
import { Actions } from '../components/text';
import { Availability } from '../details/body';
import { formatBytes } from '../format';
import type { LakeModel } from '../lake/model';
import type { IKnown } from '../lake/statuses';
import type { Status } from '../schema';
import { CommandIDs, IDataLake } from '../tokens';

export const DID_TYPE = 'application/vnd.dlaas.did+json';

/**
 * A DID as a cell's output holds it; `instance` null means the default one.
 */
interface IShown {
  did: string;
  instance: string | null;
  type: Status['type'];
  size: number | null;
}

/**
 * Shows a DID that is a cell's last line as a card that one can work with.
 */
export const mime: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:mime',
  description: 'Shows DIDs in the outputs of cells as cards with buttons.',
  autoStart: true,
  requires: [IDataLake],
  optional: [IRenderMimeRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    lake: IDataLake,
    registry: IRenderMimeRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_dlaas');
    registry?.addFactory(
      {
        safe: true,
        mimeTypes: [DID_TYPE],
        createRenderer: ({ sanitizer }) =>
          new DIDOutput(lake.model, app.commands, sanitizer, trans)
      },
      // Before HTML, which the same output holds for those who do not know us.
      10
    );
  }
};

/**
 * The card of a DID in the output of a cell; it asks for news while it can be seen.
 */
export class DIDOutput extends ReactWidget implements IRenderMime.IRenderer {
  constructor(
    private readonly lake: LakeModel,
    private readonly commands: CommandRegistry,
    private readonly sanitizer: IRenderMime.ISanitizer,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-Dlaas-section');
    this.addClass('jp-Dlaas-Output');
    lake.stateChanged.connect(this._onLake, this);
    lake.statuses.changed.connect(this._onStatus, this);
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const { [DID_TYPE]: shown, 'text/html': html } = model.data;
    this._shown = isShown(shown) ? shown : null;
    this._html = typeof html === 'string' ? this.sanitizer.sanitize(html) : '';
    this._leave();
    this._look();
    this.update();
    return this.renderPromise ?? Promise.resolve();
  }

  dispose(): void {
    this._leave();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._observer.observe(this.node);
  }

  protected onBeforeDetach(message: Message): void {
    this._observer.disconnect();
    this._isSeen = false;
    this._leave();
    super.onBeforeDetach(message);
  }

  protected render(): JSX.Element {
    const { _instance: instance, _shown: shown, trans } = this;
    if (!shown || !instance) {
      // Without the server of the lake it is what it is without the panel.
      return <div dangerouslySetInnerHTML={{ __html: this._html }} />;
    }
    const { did } = shown;
    const { statuses, pace } = this.lake;
    const known = statuses.get(instance, did);
    const size = known.status?.bytes ?? shown.size;
    const button = (id: string, label: string, primary = false) =>
      this.commands.hasCommand(id) && (
        <Button
          label={label}
          primary={primary}
          onClick={() => void this.commands.execute(id, { did, instance })}
        />
      );
    const isHere = known.status?.state === 'available';
    return (
      <div
        role="group"
        aria-label={did}
        data-did={did}
        data-instance={instance}
      >
        <Item
          text={did}
          type={shown.type}
          size={size === null ? undefined : formatBytes(size)}
        />
        <Availability
          known={known}
          arrives={pace.end(instance, did)}
          trans={trans}
        />
        {known.problem && <p>{known.problem.message}</p>}
        <Actions>
          {button(
            CommandIDs.makeAvailable,
            trans.__('Make available…'),
            !isHere
          )}
          {button(CommandIDs.download, trans.__('Download…'))}
          {button(CommandIDs.attach, trans.__('Attach…'), isHere)}
          {button(CommandIDs.find, trans.__('Show in the panel'))}
          {button(CommandIDs.copyReference, trans.__('Copy reference'))}
        </Actions>
      </div>
    );
  }

  private get _instance(): string | null {
    const { lake } = this;
    return lake.phase === 'ready' && this._shown
      ? lake.meantInstance(this._shown.instance)
      : null;
  }

  private _onLake(): void {
    this._look();
    this.update();
  }

  private _onStatus(_: unknown, { did }: IKnown): void {
    if (did === this._shown?.did) {
      this.update();
    }
  }

  /**
   * Ask while it can be seen; what is asked for the first time needs to know the instances.
   */
  private _look(): void {
    const { _instance: instance, _shown: shown } = this;
    if (!this._isSeen || !shown || this._looking) {
      return;
    }
    if (instance) {
      this._looking = this.lake.statuses.look(instance, shown.did);
    } else if (!this._hasAsked) {
      this._hasAsked = true;
      void this.lake.refresh();
    }
  }

  private _leave(): void {
    this._looking?.dispose();
    this._looking = null;
  }

  private readonly _observer = new IntersectionObserver(entries => {
    this._isSeen = entries[entries.length - 1].isIntersecting;
    if (this._isSeen) {
      this._look();
    } else {
      this._leave();
    }
  });
  private _shown: IShown | null = null;
  private _html = '';
  private _isSeen = false;
  private _hasAsked = false;
  private _looking: IDisposable | null = null;
}

/**
 * Whether it is what the kernel library writes; anybody can write an output.
 */
function isShown(value: unknown): value is IShown {
  const shown = value as Partial<IShown> | null;
  return (
    typeof shown?.did === 'string' &&
    /^[^:\s]+:./.test(shown.did) &&
    (shown.instance === null || typeof shown.instance === 'string') &&
    ['file', 'dataset', 'container'].includes(String(shown.type)) &&
    (shown.size === null || typeof shown.size === 'number')
  );
}
