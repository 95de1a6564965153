import type { ISettingRegistry } from '@jupyterlab/settingregistry';

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
   * Follow the settings.
   */
  follow(settings: ISettingRegistry.ISettings): void {
    settings.changed.connect(this._read, this);
    this._read(settings);
  }

  private _read(settings: ISettingRegistry.ISettings): void {
    const { lifetimeDays, renewVariables, searchLimit } =
      settings.composite as {
        lifetimeDays: number | null;
        renewVariables: boolean;
        searchLimit: number;
      };
    this.searchLimit = searchLimit;
    this.lifetime = lifetimeDays ? Math.round(lifetimeDays * 86400) : null;
    this.renewVariables = renewVariables;
  }
}
