/** The only entry point of this folder. The linter forbids imports of its other files. */
export { resumeJobs } from './resume';
export { refuseSuspension, suspend } from './suspend';
