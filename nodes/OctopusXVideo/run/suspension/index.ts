/** The only entry to this folder: the linter forbids imports of its other files. */
export { resumeJobs } from './resume';
export { refuseSuspension, suspend } from './suspend';
