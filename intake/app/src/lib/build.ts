/** build is the id of this build, which every report names (vite.config.ts makes it). */
export const build: string = __BUILD__;
