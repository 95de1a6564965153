import type { Settings } from '../request';
import { get, send } from '../request';
import type {
  CertificateFile,
  InstanceInfo,
  Login,
  LoginRequest
} from '../schema';
import { quiet } from './common';

/**
 * The instances, and which run of the server answered.
 */
export interface IInstances {
  server: string;
  /**
   * The number of the last hint that the server had pushed.
   */
  seq?: number;
  instances: InstanceInfo[];
  handover: string;
}

export function listInstances(
  settings: Settings,
  isQuiet = false
): Promise<IInstances> {
  return get(settings, ['instances'], quiet(isQuiet));
}

/**
 * Ask how the login is.
 */
export function getLogin(
  settings: Settings,
  instance: string,
  isQuiet = false
): Promise<Login> {
  return get(settings, [instance, 'login'], quiet(isQuiet));
}

/**
 * Log in; without a request as the server is configured to.
 *
 * By single sign-on and by code the answer is a login that is pending.
 */
export function login(
  settings: Settings,
  instance: string,
  request?: LoginRequest
): Promise<Login> {
  return send(settings, 'POST', [instance, 'login'], request);
}

/**
 * Log out; while a login is pending, give that one up.
 */
export function logout(settings: Settings, instance: string): Promise<Login> {
  return send(settings, 'DELETE', [instance, 'login']);
}

/**
 * Have a login renewed that the server can renew.
 */
export function renewLogin(
  settings: Settings,
  instance: string
): Promise<Login> {
  return send(settings, 'POST', [instance, 'login', 'renew']);
}

/**
 * The certificates and proxies that the server found in the home folder.
 */
export function listCertificates(
  settings: Settings,
  instance: string
): Promise<CertificateFile[]> {
  return get(settings, [instance, 'certificates']);
}
