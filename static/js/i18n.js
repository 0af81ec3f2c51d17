// Words for scripts, from Django's JavaScript catalogue (same origin, loaded before the modules).
// `gettext` and `ngettext` keep their names so that the extractor finds the strings.

const catalogue = window.django ?? {};

export const gettext = (text) => (catalogue.gettext ? catalogue.gettext(text) : text);
export const ngettext = (one, many, n) => (catalogue.ngettext ? catalogue.ngettext(one, many, n) : n === 1 ? one : many);

/** `fill(gettext("Saved %(time)s"), {time})` */
export const fill = (pattern, values) => pattern.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));

export const isChinese = document.documentElement.lang.startsWith("zh");
