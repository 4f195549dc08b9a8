import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// n8n-core writes its config and binary files below this folder from the first import on
const { OCTOPUSX_TEST_FOLDER: parent = tmpdir() } = process.env;
const folder = mkdtempSync(join(parent, 'octopusx-n8n-'));
// programs other than the tests have nobody else who removes it
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
process.env.N8N_USER_FOLDER = folder;
process.env.N8N_ENCRYPTION_KEY = 'not-a-secret-only-for-tests';
process.env.N8N_DIAGNOSTICS_ENABLED = 'false';
process.env.N8N_LOG_LEVEL = 'silent';
// n8n 1.x keeps files in memory unless told otherwise
process.env.N8N_AVAILABLE_BINARY_DATA_MODES = 'filesystem';
process.env.N8N_DEFAULT_BINARY_DATA_MODE = 'filesystem';
// the sandbox is on this machine, where no proxy is asked for it
const noProxy = [process.env.no_proxy || process.env.NO_PROXY, 'localhost', '127.0.0.1'];
process.env.NO_PROXY = process.env.no_proxy = noProxy.filter(Boolean).join(',');
