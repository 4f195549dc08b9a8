import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// Nothing in here is shipped: n8n's ban on Node.js itself ends at this folder.
export default tseslint.config({
	files: ['**/*.ts'],
	extends: [js.configs.recommended, tseslint.configs.recommended],
});
