import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// n8n-core writes its config and binary files below N8N_USER_FOLDER as soon as it is imported.
const { OCTOPUSX_TEST_FOLDER: parent = tmpdir() } = process.env;
const folder = mkdtempSync(join(parent, 'octopusx-n8n-'));
// Programs other than jest have no globalTeardown that would remove the folder.
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
process.env.N8N_USER_FOLDER = folder;
process.env.N8N_ENCRYPTION_KEY = 'not-a-secret-only-for-tests';
process.env.N8N_DIAGNOSTICS_ENABLED = 'false';
process.env.N8N_LOG_LEVEL = 'silent';
// Without this setting, n8n 1.x keeps files in memory.
process.env.N8N_AVAILABLE_BINARY_DATA_MODES = 'filesystem';
process.env.N8N_DEFAULT_BINARY_DATA_MODE = 'filesystem';
// Requests to the sandbox must not go through the user's proxy.
const noProxy = [process.env.no_proxy || process.env.NO_PROXY, 'localhost', '127.0.0.1'];
process.env.NO_PROXY = process.env.no_proxy = noProxy.filter(Boolean).join(',');
