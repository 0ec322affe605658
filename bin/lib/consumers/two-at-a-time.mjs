/** Does `action`, which gives a list, for each item, two at a time; gives all that came of it. */
export async function twoAtATime(items, action) {
  const results = [];
  const rest = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of rest) results.push(...(await action(item)));
  };
  await Promise.all([worker(), worker()]);
  return results;
}
