// Turns on n8n's SSRF protection, with an exception for the sandbox. Import this before anything
// from n8n, which reads these variables only once.
process.env.N8N_SSRF_PROTECTION_ENABLED = 'true';
process.env.N8N_SSRF_ALLOWED_IP_RANGES = '127.0.0.1/32';
process.env.N8N_SSRF_BLOCKED_HOSTNAMES = 'blocked.example';
