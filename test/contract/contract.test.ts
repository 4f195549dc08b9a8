import { testAccount, testRecords, testUploads } from './account';
import { testEndings } from './endings';
import { testRefusals } from './refusals';
import { Target } from './target';
import { testTasks } from './tasks';
import { ADDITIONS, RECORDS } from './summary';

/** The tests check what the node relies on in an API. run.ts runs them against a real one. */
const target = new Target();
beforeAll(async () => await target.open());
afterAll(async () => await target.close());
if (target.isReal) jest.setTimeout(60 * 60_000);

describe('refusals', () => testRefusals(target));
describe('tasks', () => testTasks(target));
if (target.endsByPrompt) describe('endings', () => testEndings(target));
describe('account', () => testAccount(target));
describe(RECORDS, () => testRecords(target));
describe(ADDITIONS, () => testUploads(target));
