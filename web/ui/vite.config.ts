import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// No data: addresses and no preload links: the policy of the page allows neither.
export default defineConfig({
  plugins: [react()],
  build: { assetsInlineLimit: 0, modulePreload: false },
});
