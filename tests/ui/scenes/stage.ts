import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import { readFileSync } from 'fs';
import * as path from 'path';

import type { Panel } from '../panel';

/**
 * Something that the panel can look like. Those of one scene follow each other, as a person comes to them.
 */
export interface IState {
  name: string;
  reach: (stage: IStage) => Promise<void>;
  /**
   * What is looked at: the panel, unless it is a dialog or something else.
   */
  where?: (stage: IStage) => Locator;
  /**
   * Puts back what others would stumble on.
   */
  leave?: (stage: IStage) => Promise<void>;
  /**
   * A main state: what it looks like is compared with a picture.
   */
  isMain?: boolean;
}

export interface IStage {
  page: IJupyterLabPageFixture;
  panel: Panel;
  folder: string;
}

/**
 * The states that follow each other in one JupyterLab; with what is not as by default there.
 */
export interface IScene {
  states: IState[];
  settings?: { [plugin: string]: { [name: string]: boolean } };
}

export const dialog = ({ panel }: IStage): Locator =>
  panel.dialog.locator('.jp-Dialog-content');

/**
 * A question of JupyterLab's own kind.
 */
export const question = ({ page }: IStage): Locator =>
  page.locator('.jp-Dialog-content');

export const cancel = ({ panel }: IStage): Promise<void> => panel.cancel();

/**
 * Run a command and do not wait: that of a dialog ends with it.
 */
export function command(
  page: IJupyterLabPageFixture,
  id: string,
  args: { [key: string]: string } = {}
): Promise<void> {
  return page.evaluate(
    ([name, options]) =>
      void (window as any).jupyterapp.commands.execute(name, options),
    [id, args] as const
  );
}

/**
 * Let one of the lake's storages take connections and say no word until it is thawed.
 */
export function freeze(service: string): void {
  process.kill(pidOf(service), 'SIGSTOP');
}

export function thaw(service: string): void {
  process.kill(pidOf(service), 'SIGCONT');
}

function pidOf(service: string): number {
  const status = path.join(
    process.env.LAKE_DIRECTORY as string,
    'run',
    'status.json'
  );
  return JSON.parse(readFileSync(status, 'utf-8')).services[service].pid;
}
