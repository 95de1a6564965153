import type { Settings } from '../request';
import { get, send } from '../request';
import type {
  BasketDownloadRequest,
  BasketImportRequest,
  BasketInfo,
  BasketOutcome,
  BasketReadRequest,
  BasketRemoveRequest,
  BasketUseRequest
} from '../schema';

export function getBasket(settings: Settings): Promise<BasketInfo> {
  return get(settings, ['basket']);
}

/**
 * Ask ESAP anew, with a token where one was typed.
 */
export function readBasket(
  settings: Settings,
  request: BasketReadRequest
): Promise<BasketInfo> {
  return send(settings, 'POST', ['basket', 'read'], request);
}

export function importBasket(
  settings: Settings,
  request: BasketImportRequest
): Promise<BasketInfo> {
  return send(settings, 'POST', ['basket', 'import'], request);
}

/**
 * Say which lake items of the basket are of.
 */
export function useInstance(
  settings: Settings,
  request: BasketUseRequest
): Promise<BasketInfo> {
  return send(settings, 'POST', ['basket', 'use'], request);
}

export function removeFromBasket(
  settings: Settings,
  request: BasketRemoveRequest
): Promise<BasketInfo> {
  return send(settings, 'POST', ['basket', 'remove'], request);
}

export function downloadBasket(
  settings: Settings,
  request: BasketDownloadRequest
): Promise<BasketOutcome[]> {
  return send(settings, 'POST', ['basket', 'download'], request);
}
