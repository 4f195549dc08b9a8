import * as workflow from 'n8n-workflow';

// `sleepWithAbort` is gone since n8n-workflow 2.34: with it, this is the old engine
if (!('sleepWithAbort' in workflow)) throw new Error('The tests do not run on the old engine');
