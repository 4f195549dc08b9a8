import * as workflow from 'n8n-workflow';

// n8n-workflow 2.34 removed `sleepWithAbort`, so only the old engine has it.
if (!('sleepWithAbort' in workflow)) throw new Error('These tests do not run on the old engine');
