import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';

import { makeDrive } from '../drive/index';
import { IDataLake, IDataLakePanel } from '../tokens';

/**
 * Shows the lake as folders, where the person has asked for it in the settings.
 */
export const drive: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:drive',
  description: 'Shows the data lake as a drive of the file browser.',
  autoStart: true,
  requires: [IDataLake, IDataLakePanel],
  optional: [ITranslator, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    lake: IDataLake,
    panel: IDataLakePanel,
    translator: ITranslator | null,
    browser: IDefaultFileBrowser | null
  ) => {
    let shown: Widget | null = null;
    const { preferences } = lake;
    const read = () => {
      if (!preferences.showDrive || !browser) {
        shown?.dispose();
        shown = null;
        return;
      }
      shown ??= makeDrive(
        app,
        lake,
        panel,
        browser,
        translator ?? nullTranslator
      );
    };
    preferences.changed.connect(read);
    read();
  }
};
