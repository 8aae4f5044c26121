/** The build's id: 16 hex digits of a hash over everything the bundle is made from (vite.config.ts). */
declare const __BUILD__: string;
