import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { StatusItem } from '../status/index';
import { IDataLake, IDataLakePanel } from '../tokens';

/**
 * Shows the login and what is on its way in the status bar.
 */
export const status: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:status',
  description: 'Shows the login and running transfers in the status bar.',
  autoStart: true,
  requires: [IDataLake, IDataLakePanel],
  optional: [ITranslator, IStatusBar],
  activate: (
    app: JupyterFrontEnd,
    lake: IDataLake,
    panel: IDataLakePanel,
    translator: ITranslator | null,
    bar: IStatusBar | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_dlaas');
    const { model, transfers } = lake;
    bar?.registerStatusItem('jupyter-dlaas:status', {
      item: new StatusItem(model, transfers, id => panel.open(id), trans),
      align: 'left',
      rank: 60,
      isActive: () => model.instance !== null,
      activeStateChanged: model.stateChanged
    });
    if (bar) {
      // Once, for the first words; from then on it is pushed.
      void app.restored.then(() =>
        Promise.all([model.refresh(true), transfers.refresh(true)])
      );
    }
  }
};
