import { execFileSync } from 'child_process';
import { readFileSync } from 'fs';
import * as path from 'path';

const directory = process.env.LAKE_DIRECTORY as string;

/**
 * The password of an account of the lake under test.
 */
export function password(account: string): string {
  return readFileSync(
    path.join(directory, 'clients', account, 'password'),
    'utf-8'
  ).trim();
}

/**
 * Stop one of the lake's services and keep it stopped until it is released.
 */
export function hold(service: string): void {
  tell('hold', service);
}

export function release(service: string): void {
  tell('release', service);
}

/**
 * Let the tokens that are given out from now on live for so many seconds; null puts it back.
 */
export function shortenTokens(seconds: number | null): void {
  tell('shorten_tokens', seconds);
}

function tell(
  what: 'hold' | 'release' | 'shorten_tokens',
  argument: string | number | null
): void {
  const code =
    'import json, sys; from pathlib import Path; from jupyter_dlaas.lake import EmbeddedLake; ' +
    'getattr(EmbeddedLake(Path(sys.argv[1])), sys.argv[2])(json.loads(sys.argv[3]))';
  execFileSync(process.env.PYTHON as string, [
    '-c',
    code,
    directory,
    what,
    JSON.stringify(argument)
  ]);
}
