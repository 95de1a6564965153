import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

/**
 * What a person has set for the panel; see labextension/schema/panel.json.
 */
export class Preferences {
  /**
   * How many rows a search asks for at first.
   */
  searchLimit = 500;

  /**
   * The lifetime that is proposed (seconds); null means the instance's.
   */
  lifetime: number | null = null;

  /**
   * Whether variables are set again when a kernel starts or data arrives.
   */
  renewVariables = true;

  /**
   * Whether a notification shows how far a transfer is.
   */
  tellProgress = true;

  /**
   * Whether the tour is offered to who has not taken it.
   */
  offerTour = true;

  /**
   * Whether the lake is a drive of the file browser.
   */
  showDrive = false;

  /**
   * A signal emitted when the settings were read.
   */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /**
   * Follow the settings.
   */
  follow(settings: ISettingRegistry.ISettings): void {
    settings.changed.connect(this._read, this);
    this._read(settings);
  }

  private _read(settings: ISettingRegistry.ISettings): void {
    const set = settings.composite as {
      lifetimeDays: number | null;
      renewVariables: boolean;
      searchLimit: number;
      progress: boolean;
      tour: boolean;
      drive: boolean;
    };
    this.searchLimit = set.searchLimit;
    this.lifetime = set.lifetimeDays
      ? Math.round(set.lifetimeDays * 86400)
      : null;
    this.renewVariables = set.renewVariables;
    this.tellProgress = set.progress;
    this.offerTour = set.tour;
    this.showDrive = set.drive;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
}
