/**
 * English words that say nothing about what a question is about: function words, and the verbs in which people put
 * questions. Words of other languages are left to the ranking, which gives frequent words little weight.
 */
export const stopWords: ReadonlySet<string> = new Set(
  `a about above after again against all also am an and any anybody anyone are aren't as ask at be because been before
  being below between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each
  either else ever every few find for from further get gets getting give gives go goes going got had hadn't has hasn't have
  haven't having he he'd he'll he's hello help helps her here here's hers herself hey hi him himself his how how's i i'd
  i'll i'm i've if in into is isn't it it's its itself just know let let's like look make makes many may maybe me might more
  most much must mustn't my myself need needs no nor not now of off ok okay on once one only or other others ought our ours
  ourselves out over own please put say says shall shan't she she'd she'll she's should shouldn't show so some something
  somebody someone such take takes tell than thank thanks that that's the their theirs them themselves then there there's
  these they they'd they'll they're they've thing things think this those through to too try trying under until up us use
  very want wants was wasn't way we we'd we'll we're we've well were weren't what what's when when's where where's whether
  which while who who's whom whose why why's will with won't work would wouldn't yes you you'd you'll you're you've your
  yours yourself yourselves`
    .split(/\s+/u)
    .filter((word) => word !== ""),
);
