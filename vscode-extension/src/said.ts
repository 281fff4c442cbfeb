// Text that comes from code, on its way into a message: VS Code makes links of `[…](…)` there, and a command's link would run what a repository asks for.

/** The same words, in which nothing is a link. */
export function said(text: string): string {
  return text.replaceAll("](", "]\u200b(").replaceAll("\n", " ");
}
