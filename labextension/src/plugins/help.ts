import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { PanelLayout } from '@lumino/widgets';
import { Widget } from '@lumino/widgets';

import { showGlossary } from '../glossary/index';
import { CommandIDs, IDataLake, IDataLakePanel } from '../tokens';
import { TourHint } from '../tour/hint';
import { Tour } from '../tour/index';
import { TourModel, tourSteps } from '../tour/model';
import { takes } from './item';

/**
 * Where it is kept that the person has seen the tour.
 */
const SEEN = 'jupyter-dlaas:tour';

/**
 * Explains the panel and its words.
 */
export const help: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:help',
  description: 'Explains the data lake: a tour of the panel, and a glossary.',
  autoStart: true,
  requires: [IDataLake, IDataLakePanel],
  optional: [ITranslator, ICommandPalette, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    lake: IDataLake,
    panel: IDataLakePanel,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    state: IStateDB | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_dlaas');
    const { commands } = app;
    const describedBy = takes();
    let hint: TourHint | null = null;
    let tour: Tour | null = null;
    const close = () => {
      hint?.dispose();
      void state?.save(SEEN, true);
    };

    commands.addCommand(CommandIDs.tour, {
      label: trans.__('Take the Tour of the Data Lake'),
      caption: trans.__('See in four steps what the panel is for'),
      execute: () => {
        tour?.dispose();
        const model = new TourModel(tourSteps(trans), () => {
          tour?.dispose();
          close();
        });
        tour = new Tour(model, section => panel.open(section), trans);
        tour.begin();
      },
      describedBy
    });
    commands.addCommand(CommandIDs.glossary, {
      label: trans.__('Glossary of the Data Lake'),
      caption: trans.__('What is an RSE? The words of Rucio, explained'),
      execute: () => showGlossary(trans),
      describedBy
    });
    [CommandIDs.tour, CommandIDs.glossary].forEach(command =>
      palette?.addItem({ command, category: trans.__('Data Lake') })
    );

    void Promise.all([app.restored, state?.fetch(SEEN)]).then(([, seen]) => {
      if (seen || !(panel instanceof Widget)) {
        return;
      }
      const foot = (hint = new TourHint(
        {
          begin: () => void commands.execute(CommandIDs.tour),
          explain: () => void commands.execute(CommandIDs.glossary),
          close
        },
        trans
      ));
      const show = () => foot.setHidden(!lake.preferences.offerTour);
      lake.preferences.changed.connect(show, foot);
      show();
      (panel.layout as PanelLayout).addWidget(foot);
    });
  }
};
