import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';

import type { Form } from '../form';

class Body extends VDomRenderer<Form> {
  constructor(
    form: Form,
    private readonly draw: () => JSX.Element
  ) {
    super(form);
    this.addClass('jp-Dlaas-DialogBody');
  }

  protected render(): JSX.Element {
    return this.draw();
  }
}

/**
 * A dialog that stays open until its form was accepted.
 *
 * What was accepted is shown when the form has something to show; else the dialog closes.
 */
export class FormDialog extends Dialog<void> {
  constructor(
    private readonly form: Form,
    options: {
      title: string;
      draw: () => JSX.Element;
      accept: string;
      trans: TranslationBundle;
      focus?: string;
      showsResult?: boolean;
    }
  ) {
    super({
      title: options.title,
      body: new Body(form, options.draw),
      buttons: [
        Dialog.cancelButton({ label: options.trans.__('Cancel') }),
        Dialog.okButton({ label: options.accept })
      ],
      focusNodeSelector: options.focus
    });
    this.addClass('jp-Dlaas-Dialog');
    this._showsResult = options.showsResult ?? false;
    this._closeLabel = options.trans.__('Close');
    form.stateChanged.connect(this._onChanged, this);
    this._onChanged();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.form.dispose();
    super.dispose();
  }

  /**
   * Enter on a button or in a text of several lines is for that; the dialog would swallow it.
   */
  handleEvent(event: Event): void {
    const isInside =
      event.target instanceof HTMLElement &&
      event.target.matches('button, textarea') &&
      event.target.closest('.jp-Dialog-body') !== null;
    if (isInside && (event as KeyboardEvent).key === 'Enter') {
      return;
    }
    super.handleEvent(event);
  }

  /**
   * A click or Enter: the accepting button sends the form instead of closing the dialog.
   */
  resolve(index?: number): void {
    const accepts = index === undefined || index === 1;
    if (accepts && !this.form.isDone) {
      void this._submit();
      return;
    }
    super.resolve(index);
  }

  private async _submit(): Promise<void> {
    await this.form.submit();
    if (!this.isDisposed && this.form.isDone && !this._showsResult) {
      super.resolve(1);
    }
  }

  private _onChanged(): void {
    const accept = this.node.querySelector<HTMLButtonElement>(
      'button.jp-mod-accept'
    );
    const cancel = this.node.querySelector<HTMLButtonElement>(
      'button.jp-mod-reject'
    );
    if (!accept || !cancel) {
      return;
    }
    const { isBusy, isDone, isValid } = this.form;
    accept.disabled = !isValid;
    // Not disabled while it is sent: the focus would be lost, and Escape with it.
    accept.setAttribute('aria-disabled', String(isBusy || !isValid));
    accept.classList.toggle('jp-mod-busy', isBusy);
    if (isDone && this._showsResult && !accept.hidden) {
      accept.hidden = true;
      accept.style.display = 'none';
      const label = cancel.querySelector('.jp-Dialog-buttonLabel') ?? cancel;
      label.textContent = this._closeLabel;
      cancel.setAttribute('aria-label', this._closeLabel);
      cancel.focus();
    }
  }

  private readonly _showsResult: boolean;
  private readonly _closeLabel: string;
}
