// Every sentence that more than one place says (ui.md, sections 2 and 3).
export const words = {
  box: "Search, ask, or paste a URL to add a site",
  nothing: "Nothing is indexed yet. Paste the address of a documentation site.",
  noHit: "No passage matches. Use fewer words, clear the filters, or add the site.",
  noJobs: "No jobs yet. Adding a site starts one.",
  noLibrary: "The library is empty. Add a site.",
  noDocument: "This page is not in the library.",
  notAllowed: "This address is not allowed. Open the one that axon-mcp serve printed, or set AXON_WEB_ALLOWED_ORIGINS.",
  signIn: "This server asks for its web token (AXON_WEB_API_TOKEN).",
  wrongToken: "That token was not accepted.",
  readsOnly: "That token only reads. This page needs AXON_WEB_API_TOKEN.",
  noPage: "No such page.",
  gone: "axon-mcp does not answer. Is `axon-mcp serve` running?",
};
