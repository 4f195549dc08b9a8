import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// This folder is not shipped, so n8n's ban on Node.js modules does not apply.
export default tseslint.config({
	files: ['**/*.ts'],
	extends: [js.configs.recommended, tseslint.configs.recommended],
});
