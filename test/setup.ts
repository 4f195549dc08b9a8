import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// n8n-core writes its config and binary files below this folder from the first import on
process.env.N8N_USER_FOLDER = mkdtempSync(join(tmpdir(), 'octopusx-n8n-'));
process.env.N8N_ENCRYPTION_KEY = 'not-a-secret-only-for-tests';
process.env.N8N_DIAGNOSTICS_ENABLED = 'false';
process.env.N8N_LOG_LEVEL = 'silent';
// n8n 1.x keeps files in memory unless told otherwise
process.env.N8N_AVAILABLE_BINARY_DATA_MODES = 'filesystem';
process.env.N8N_DEFAULT_BINARY_DATA_MODE = 'filesystem';
