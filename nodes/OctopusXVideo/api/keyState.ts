import type { Answer } from './envelope';
import { isPlainObject } from './task';

/** Why the API refuses a key, in words; empty where it does not tell. */
export type KeyState = string;

/**
 * Reads an answer of `GET /api/usage/token/`. It lets in keys that all other endpoints refuse with one
 * and the same 401, and so tells what is the matter with them (docs/API.md, "Other endpoints").
 */
export function readKeyState({ statusCode, body }: Answer): KeyState {
	if (!isPlainObject(body)) return '';
	const message = typeof body.message === 'string' ? body.message : '';
	if (statusCode === 401 || statusCode === 403) {
		if (/status|banned/i.test(message))
			return 'OctopusX says that the key or its account is disabled.';
		return /token/i.test(message)
			? 'OctopusX does not know this key: copy it again from the console.'
			: '';
	}
	if (statusCode !== 200 || !isPlainObject(body.data)) return '';
	const { total_available: left, unlimited_quota: isUnlimited, expires_at: expiresAt } = body.data;
	if (typeof expiresAt === 'number' && expiresAt > 0 && expiresAt * 1_000 < Date.now()) {
		return 'OctopusX says that the key has expired.';
	}
	// unlimited keys have a negative rest, so that is asked first
	if (isUnlimited !== true && typeof left === 'number' && left <= 0) {
		return "The key's quota is used up: raise it in the OctopusX console, and enable the key there.";
	}
	return 'OctopusX knows the key, and it has quota left: it may have been switched off when its quota was used up once. Enable it in the OctopusX console.';
}
